/**
 * Everything that goes wrong in this world, by name. `site`: where chance may choose it; `weight`: in how many of
 * 10,000 visits to that site. A fault counts as *met* only when it really took effect, which the part that carries it
 * out says. (facts/payments.md §8 for the gateways; purchase-protocol for cards, terminals and staff.)
 */
export type Site =
  /** One pay call at the gateway's end, and on the way there and back. */
  | "pay"
  | "query"
  | "reverse"
  | "refund"
  /** One message that a gateway writes by itself, on its way to a server. */
  | "notice"
  /** One commit on its way to the database and back. */
  | "commit"
  /** Any other look at the database. */
  | "read"
  /** A server about to take a task. */
  | "task"
  /** One request of a terminal. */
  | "request"
  /** One entry of a kiosk's journal. */
  | "journal"
  /** One command to the card in a reader, other than writing. */
  | "step"
  /** One write command. */
  | "write"
  /** The same to a card whose write before it failed. */
  | "rewrite"
  /** A customer at the price, at the payment page, on leaving, on the way to the meter, at home. */
  | "atPrice"
  | "atPayment"
  /** At a counter, between what is named and what is laid down. */
  | "atCounter"
  /** With an order in the wallet of a phone. */
  | "atWallet"
  /** An order on its way to the gateway; its closing. */
  | "prepare"
  | "close"
  | "atEnd"
  /** With a purchase that is not finished. */
  | "unfinished"
  | "atMeter"
  /** The same with a purchase open: whether it is on the card is what all hangs on. */
  | "atMeterOpen"
  /** A proposal between the two people who decide it. */
  | "decision"
  | "atHome"
  /** One command on its way to a meter on a link, and one word of such a meter on its way back. */
  | "command"
  | "word"
  /** Such a meter about to wake by itself; its owner, with a recharge that waits for it. */
  | "wake"
  | "atQueue"
  /** Not chosen by itself: follows from others, and is counted. */
  | "counted"
  /** A world being made. */
  | "world";

export interface FaultKind {
  readonly name: string;
  readonly site: Site;
  readonly weight: number;
  readonly about: string;
}

const kind = <const N extends string, const S extends Site>(name: N, site: S, weight: number, about: string) => ({
  name,
  site,
  weight,
  about,
});

export const faultKinds = [
  kind("payAnswerLost", "pay", 250, "the wallet is charged, the answer is lost"),
  kind("payNeverArrives", "pay", 200, "the pay call is lost on its way"),
  kind(
    "payArrivesLate",
    "pay",
    200,
    "the pay call reaches the gateway after it was given up, up to 50 s after it was sent",
  ),
  kind("payAnsweredSlowly", "pay", 150, "the answer takes longer than the client waits"),
  kind("payServerErrorButCharged", "pay", 150, "SYSTEM_ERROR, and the wallet is charged"),
  kind("payBadSignature", "pay", 150, "the answer's signature is wrong"),
  kind("payForgedSuccess", "pay", 100, "somebody answers 'paid' without a signature; nothing was paid"),
  kind("payRefusedBalance", "pay", 250, "NOT_ENOUGH, signed"),
  kind("payRefusedCode", "pay", 200, "AUTH_CODE_INVALID, signed; no order was made"),
  kind("payRefusedUnsigned", "pay", 150, "an unsigned refusal, though the gateway took the order"),
  kind("payNotSent", "pay", 100, "connection refused: no byte left"),
  kind("payMisconfigured", "pay", 15, "our own setup is wrong"),
  kind("payerIsSlow", "pay", 400, "the payer types the password some seconds later"),
  kind("payerNeverPays", "pay", 200, "the payer looks at the password field until the gateway closes the order"),
  kind("payError", "pay", 80, "the order is left in PAYERROR"),
  kind("payRolledBack", "pay", 80, "answered 'paid', then rolled back (Alipay)"),
  kind("paidOtherAmount", "pay", 60, "the gateway says paid, with another amount"),
  kind("successAfterClose", "pay", 60, "confirmed closed, paid all the same a little later"),
  kind("queryAnswerLost", "query", 250, "no answer to a query"),
  kind("queryBadSignature", "query", 100, "a query's answer with a wrong signature"),
  kind("queryFindsNothing", "query", 60, "the gateway does not find an order that it has, for a moment"),
  kind("gatewayAway", "query", 25, "the gateway answers nothing for a minute"),
  kind("reverseRefusedOnce", "reverse", 500, "USERPAYING: try again"),
  kind("reverseWithoutEffect", "reverse", 500, "'accepted', and nothing happens"),
  kind("reverseAnswerLost", "reverse", 400, "reversed, the answer is lost"),
  kind("reverseLate", "reverse", 400, "the reverse reaches the gateway after its client gave up"),
  kind("reverseTooLate", "reverse", 400, "the window for reversing is over"),
  kind("refundProcessing", "refund", 800, "PROCESSING for a while, then done"),
  kind("refundAbnormal", "refund", 150, "the refund fails until somebody mends the payer's account"),
  kind(
    "payerAccountClosed",
    "refund",
    150,
    "the payer's account is closed: this gateway will never give the money back",
  ),
  kind("refundAnswerLost", "refund", 500, "refunded, the answer is lost"),
  kind("noticeLost", "notice", 400, "what a gateway writes by itself is lost, and not written again"),
  kind("noticeLate", "notice", 400, "a gateway's message comes hours later, and tells what was so then"),
  kind("noticeBeforeAnswer", "notice", 500, "a gateway's message is there before the answer to the call"),
  kind("noticeOvertaken", "notice", 1500, "a payment is told after its close or refund was"),
  kind("noticeTwice", "notice", 250, "a message was taken, the gateway does not hear of it, and writes it again"),
  kind("noticeAtBoth", "notice", 250, "one message reaches both servers at the same moment"),
  kind("noticeManyIds", "notice", 150, "one payment or refund is told under several ids"),
  kind("noticeDiesWithServer", "notice", 150, "a server took a message, answered, and dies before it is carried out"),
  kind("noticeNotTaken", "counted", 0, "no server takes a message, and the gateway writes it again"),
  kind("serverDiesBeforeCommit", "commit", 12, "a server process dies before its commit"),
  kind("serverDiesAfterCommit", "commit", 12, "a server process dies after its commit, before it knows"),
  kind("commitRequestLost", "commit", 40, "the link to the database breaks before the commit; sent again"),
  kind("commitAnswerLost", "commit", 40, "the link breaks after the commit; sent again"),
  kind("databaseSlow", "commit", 60, "a commit takes seconds"),
  kind("databaseAway", "commit", 12, "the database stays away: the call fails"),
  kind("serverDiesReading", "read", 3, "a server process dies between two looks at the database"),
  kind("readSlow", "read", 30, "a read takes long enough for others to commit"),
  kind("readFails", "read", 4, "a read fails"),
  kind("serverStalls", "task", 20, "a server stands still with tasks in its hands until their lease lapses"),
  kind("clockJumps", "task", 10, "a server's clock is set forth or back"),
  kind("requestLost", "request", 80, "a terminal's request is lost"),
  kind("answerLost", "request", 80, "the answer to a request is lost"),
  kind("requestTwice", "request", 80, "a request arrives twice, the second one later"),
  kind("requestLate", "request", 60, "a request arrives after its sender gave it up"),
  kind("terminalOffline", "request", 8, "the terminal has no network for a while"),
  kind("journalFull", "journal", 10, "the journal's disk is full"),
  kind("powerCutAtJournal", "journal", 15, "power fails in the middle of a journal entry"),
  kind("cardPulled", "step", 40, "the card is pulled between two commands"),
  kind("cardPulledInPresent", "step", 10, "the card is pulled while the secret is presented: one try is used up"),
  kind("readerFault", "step", 12, "the reader does not answer"),
  kind("kioskStalls", "step", 12, "the kiosk stands still past the script's deadline, then goes on"),
  kind("powerCutAtStep", "step", 12, "power fails between two commands to the card"),
  kind("tornWrite", "write", 250, "the card is pulled in the middle of a write, at any byte, erased or programmed"),
  kind("powerCutInWrite", "write", 60, "power fails in the middle of a write"),
  kind("powerCutAfterWrite", "write", 60, "power fails after a write, before anybody knows"),
  kind(
    "pulledAgain",
    "rewrite",
    2500,
    "a card whose last write failed is pulled again, in mid-write or right after it",
  ),
  kind("goesBack", "atPrice", 250, "the customer looks at the price and goes back"),
  kind("tapsTwice", "atPrice", 200, "confirm is tapped twice"),
  kind("dawdles", "atPrice", 120, "the customer confirms after the quote expired, or after prices moved"),
  kind("cardGoneAtPrice", "atPrice", 100, "the card is taken out while the price is shown, and put in elsewhere"),
  kind("walksAwayUnpaid", "atPayment", 200, "nobody presents a code"),
  kind("cancelsUnpaid", "atPayment", 150, "cancelled before a code was presented"),
  kind("cancelsWhilePaying", "atPayment", 250, "cancelled while the payment is being made"),
  kind("pullsCardWhilePaying", "atPayment", 250, "the card is taken out while the payment is being made"),
  kind("pullsCardWhenPaid", "atPayment", 150, "the card is taken out as the payment comes in, before the script"),
  kind("presentsAnotherCode", "atPayment", 300, "after a failed code another one is presented"),
  kind(
    "otherCardInserted",
    "atEnd",
    200,
    "while a purchase is open, another household's card goes into the same reader",
  ),
  kind("triesOtherKiosk", "atEnd", 4000, "an open purchase is taken to another kiosk"),
  kind("comesBackLate", "atEnd", 600, "an open purchase is left for hours"),
  kind("skipsMeter", "atMeter", 300, "the next visit comes before the meter has taken the gas"),
  kind("meterTorn", "atMeter", 200, "the card is pulled while the meter writes its return area"),
  kind("meterTornWhileOpen", "atMeterOpen", 2500, "the same, with a card whose purchase is open"),
  kind("cardLost", "atHome", 120, "the card is lost and replaced at the desk"),
  kind("lostCardReachesMeter", "atHome", 5000, "the lost card is found and goes into the meter all the same"),
  kind("cardRolledBack", "atHome", 40, "the card's bytes are set back to an older image by somebody who can"),
  kind("openRolledBack", "unfinished", 100, "the card is set back to an older image while a purchase is open"),
  kind("meterReplaced", "atHome", 50, "the meter is replaced, and its card with it; what was left in it moves"),
  kind("meterReplacedWhileOpen", "unfinished", 500, "the meter is replaced while a purchase is open"),
  kind("foreignCopy", "atHome", 60, "a copy of the card, on a chip with another secret, goes into a reader"),
  kind("wantsRefund", "unfinished", 1800, "an unwritten purchase is taken to the desk for its money"),
  kind("falseImage", "unfinished", 700, "a phone reports an image that the card does not hold"),
  kind(
    "kioskDiesWhilePaying",
    "atPayment",
    200,
    "the kiosk loses power for up to a quarter of an hour after a code was presented, and wakes with its old journal",
  ),
  kind("kioskGivenUp", "counted", 0, "a payment is given up because its kiosk has been silent for 20 s"),
  kind("prepareAnswerLost", "prepare", 600, "an order for a wallet is made, the answer is lost"),
  kind("prepareRefused", "prepare", 150, "the gateway refuses to make an order"),
  kind("prepareNotSent", "prepare", 100, "an order does not leave: connection refused"),
  kind("closeAnswerLost", "close", 500, "an order is closed, the answer is lost"),
  kind("closeWithoutEffect", "close", 500, "closing an order is accepted, and nothing happens"),
  kind("paidWhileClosing", "close", 1500, "the wallet pays in the moment in which a reader wants its order closed"),
  kind("orderLeftUnpaid", "atWallet", 1500, "an order is left unpaid in the wallet"),
  kind("orderCancelled", "atWallet", 600, "the customer cancels an order that may be paid at this moment"),
  kind(
    "orderPaidLater",
    "atWallet",
    2500,
    "an order is paid minutes later, whatever a kiosk did with the card meanwhile",
  ),
  kind("orderPaidAfterClose", "counted", 0, "the wallet tries to pay an order that was closed for a reader"),
  kind("writtenLater", "atWallet", 800, "a CPU card is not written in the dongle but taken to a kiosk"),
  kind("readerWinsOverPhone", "counted", 0, "a card whose order is open on a phone goes into a kiosk"),
  kind("leavesCounter", "atCounter", 600, "the customer leaves the counter after the amount was named"),
  kind("drawerCounted", "atCounter", 800, "the shift ends and its drawer is counted while money lies on the counter"),
  kind(
    "drawerClosed",
    "atCounter",
    500,
    "the shift ends and nobody has begun the next one while money lies on the counter",
  ),
  kind(
    "paidOutAnotherWay",
    "counted",
    0,
    "two people pay out in notes, by bank or to the balance what a channel never gives back",
  ),
  kind(
    "decidedByTwo",
    "counted",
    0,
    "a class C write that failed, or gas that only people can see, is decided by two people",
  ),
  kind(
    "cardLostWhileOpen",
    "unfinished",
    700,
    "a card is lost and replaced while its purchase is open, and the new one carries it",
  ),
  kind(
    "screenIsStale",
    "decision",
    1200,
    "a proposal is confirmed an hour later, and the customer did something meanwhile",
  ),
  kind("twoClerks", "decision", 800, "a second clerk proposes the same while the first proposal is open"),
  kind("confirmsOwn", "decision", 600, "whoever proposed it tries to confirm it as well"),
  kind("confirmedTwice", "decision", 800, "two checkers confirm one proposal at the same moment"),
  kind("proposalRejected", "decision", 400, "the checker rejects what was proposed"),
  kind("commandLost", "command", 700, "a command to a meter on a link is lost"),
  kind(
    "commandLate",
    "command",
    900,
    "a command to such a meter comes hours later, after others that were sent after it",
  ),
  kind("commandTwice", "command", 700, "a command reaches such a meter twice, the second time hours later"),
  kind("brokerRestarts", "command", 150, "what is kept for sleeping meters is gone"),
  kind("wordLost", "word", 700, "what such a meter says is lost"),
  kind("wordLate", "word", 700, "what such a meter says comes hours later, and tells what was so then"),
  kind("wordTwice", "word", 400, "what such a meter says is heard again hours later"),
  kind("wordAtBoth", "word", 400, "what such a meter says reaches the centre twice at the same moment"),
  kind("wordNotTaken", "counted", 0, "no server takes what a meter says, and it is said again"),
  kind("commandRefused", "counted", 0, "a recharge reaches a meter that has taken its number already"),
  kind("sleepsOn", "wake", 2500, "such a meter does not wake at its hour"),
  kind("wokenByKey", "atQueue", 5500, "the owner wakes the meter by its key"),
  kind("linkedReplaced", "atQueue", 400, "such a meter is replaced, with recharges that wait for it or may be in it"),
  kind("linkedSilent", "atQueue", 400, "the same with a meter that shows nothing any more"),
  kind("queuedCancelled", "atQueue", 2000, "a recharge that is paid is cancelled: it waits still, or was just sent"),
  kind("priceChanges", "world", 2500, "a new price comes into force while purchases are under way"),
  kind("yearChanges", "world", 1500, "the tier year ends while purchases are under way"),
  kind("clocksSkewed", "world", 3000, "the servers' clocks differ"),
] as const satisfies readonly FaultKind[];

export type FaultName = (typeof faultKinds)[number]["name"];
export type FaultAt<S extends Site> = Extract<(typeof faultKinds)[number], { site: S }>["name"];
export const isFaultName = (name: string): name is FaultName => faultKinds.some((each) => each.name === name);
