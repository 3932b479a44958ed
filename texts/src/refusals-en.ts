import type { RefusalKey, RefusalText } from "./refusals.ts";

const nothingTaken = "Nothing was charged.";
const moneyKept = "Your money is safe and kept for you.";
const toHall = "Please take the card and your ID to the service hall.";

function text(what: string, next: string, money = nothingTaken, whatValue: string | null = null): RefusalText {
  return { what, whatValue, money, next };
}

export const refusalsEn: Record<RefusalKey, RefusalText> = {
  "card.blank": text("This card has not been opened for an account.", "Please have it opened at the service hall."),
  "card.foreign": text("This is not a gas card of this company.", "Please use a gas card of this company."),
  "card.tool": text("This is a staff tool card; it can't buy gas.", "Please insert a customer's gas card."),
  "card.opening": text(
    "This is a new card that has not been in the meter yet.",
    "Put it into your gas meter first, then come back.",
  ),
  "card.unreadable": text(
    "The card can't be read.",
    "Wipe the chip and insert it again, chip down. If that fails, the service hall replaces it.",
  ),
  "card.badChecksum": text("The data on the card is damaged.", toHall),
  "card.lost": text("This card was reported lost.", "If you found it again, the service hall can release it."),
  "card.replaced": text("This card was replaced; the old one no longer works.", "Please use the new card."),
  "card.blocked": text("This card is blocked.", toHall),
  "card.secretCounter": text(
    "This card has too few secret tries left, so it is not written now.",
    toHall,
    nothingTaken,
    "This card has only {value} secret tries left, so it is not written now.",
  ),
  "card.countMismatch": text("The purchase count on the card differs from our record.", toHall),
  "card.unknown": text("This card is not in our records.", toHall),
  "refund.meterFirst": text(
    "The refund stands on the card; your meter has to confirm it.",
    "Put the card into your meter, then into a terminal or at the counter once more.",
    moneyKept,
  ),
  "card.stale": text("The card changed after it was read.", "Please take it out and insert it again."),
  "account.debt": text(
    "Your account has a debt.",
    "Please pay it at the service hall first.",
    nothingTaken,
    "Your account has a debt of {value}.",
  ),
  "account.safetyCheck": text(
    "The safety check of your home is due.",
    "Call the hotline for an appointment; after it you can buy again.",
  ),
  "account.suspectedTampering": text(
    "Your meter has to be looked at.",
    "Please call the hotline; our staff will help.",
  ),
  "account.stopped": text("Your account is stopped.", "Please call the hotline or ask at the service hall."),
  "entry.zero": text("Nothing has been entered yet.", "Enter how much gas you want."),
  "entry.notWhole": text("This meter takes whole numbers only.", "Remove the decimals and enter again."),
  "entry.overLimit": text(
    "That is more than you can buy this time.",
    "Enter less and touch OK.",
    nothingTaken,
    "That is more than the {value} you can buy this time.",
  ),
  "entry.overCeiling": text(
    "That is more than your meter can hold.",
    "Enter less and touch OK.",
    nothingTaken,
    "Your meter can hold {value} more at most.",
  ),
  "purchase.open": text(
    "An earlier purchase of this card is not finished.",
    "Do not buy again. Insert the card once more and it will be finished.",
    moneyKept,
  ),
  "recharge.unpaid": text("A recharge of this meter is being paid for.", "Finish or cancel that one first."),
  "recharge.queueFull": text(
    "Several recharges are waiting for this meter.",
    "Wake the meter with its button; recharge again when they have arrived.",
  ),
  "purchase.onPhone": text(
    "A purchase of this card is being paid on a phone; we are checking it.",
    "Insert the card again in a moment. Do not pay on the phone any more.",
    "Nothing that was paid is lost: the gas will be written to this card.",
  ),
  "purchase.manual": text(
    "Our staff are checking the last purchase.",
    "Do not buy again. Call the hotline or visit the service hall with the purchase number.",
    moneyKept,
  ),
  "purchase.quoteExpired": text("That took long; the price must be worked out anew.", "Please enter again."),
  "purchase.quoteStale": text("The price or the balance changed.", "Check the new amount before you confirm."),
  "purchase.notFound": text("This purchase was not found.", "Check the purchase number or call the hotline.", ""),
  "purchase.wrongState": text(
    "This can't be done with the purchase now.",
    "Follow the screen and do not pay again.",
    moneyKept,
  ),
  "payment.notACode": text(
    "What was scanned is not a payment code.",
    "Open the payment code in WeChat or Alipay and scan again.",
  ),
  "payment.collectionCode": text(
    "That is a code for receiving money, not for paying.",
    "Switch to the payment code and scan again.",
  ),
  "payment.walletOff": text("This wallet is not accepted here.", "Please use WeChat Pay or Alipay."),
  "payment.inProgress": text(
    "The last payment is still being processed.",
    "Please wait and do not pay again.",
    "You won't be charged twice.",
  ),
  "payment.channelDown": text("The payment service can't be reached.", "Try later or use another wallet."),
  "staff.required": text("Please sign in first.", "Sign in with your own staff account.", ""),
  "staff.forbidden": text("Your role may not do that.", "Ask a colleague who may.", ""),
  "staff.locked": text("Too many wrong tries; locked for a while.", "Try again in a minute.", ""),
  "staff.samePerson": text("Whoever asked can't confirm.", "Ask a colleague to confirm.", ""),
  "decision.open": text("This is already waiting to be confirmed.", "Settle that request first.", ""),
  "decision.closed": text("This request was settled already.", "Reload to see the result.", ""),
  "decision.required": text("This takes two people.", "Submit a request; a colleague confirms it.", ""),
  "decision.notApplicable": text("This does not apply as things are now.", "Check the state of the case.", ""),
  "refund.notStuck": text(
    "This refund is not stuck, or was just sent again.",
    "Wait for the channel's answer before paying it out.",
    "",
  ),
  "refund.gatewayMay": text(
    "The gateway may still refund this by itself.",
    "Wait for its final answer, or it would go back twice.",
    "",
  ),
  "refund.gatewaySilent": text("The gateway does not answer, so the refund can't be checked.", "Try again later.", ""),
  "refund.cardRule": text(
    "This kind of card can't prove at a reader that no gas was loaded.",
    "Decide it as a manual case, with the meter's reading.",
    "",
  ),
  "refund.phoneProof": text(
    "Only the meter's own record proves this refund.",
    "Have the card put into the meter, then read it at a desk.",
    "",
  ),
  "refund.indexNeeded": text(
    "This kind of card is refunded by the meter's index only.",
    "Enter the index as read on site.",
    "",
  ),
  "card.scriptRunning": text("The last write has not ended yet.", "Wait until the card is out, or two minutes.", ""),
  "meter.retired": text("This meter was taken off.", "Reload, and go on with the new meter."),
  "meter.wordDisagrees": text(
    "What the old meter says does not agree with the books.",
    "Read the old meter again. If it is so, replace it as one that says nothing.",
    "",
  ),
  "meter.cardNeeded": text(
    "With this kind of card the old one must be handed in.",
    "Take the old card back and read what it holds.",
    "",
  ),
  "meter.otherKind": text(
    "The new meter counts otherwise, takes another card, or is of another kind than the old one.",
    "Finish what is open on the old card and open a new account for the new meter. Two people put what is left in the old one into its balance as money; then stop the old account.",
    "",
  ),
  "recharge.mayArrive": text(
    "This recharge may still reach the meter.",
    "Wait for the meter's purchase record; it can't be paid back before.",
    "",
  ),
  "payment.gatewayPaid": text(
    "The gateway says that this was paid.",
    "It can't be settled as unpaid; check the gateway's bill.",
    "",
  ),
  "payment.gatewayUnpaid": text(
    "The gateway knows no such payment.",
    "It can't be settled as paid; check the gateway's bill.",
    "",
  ),
  "drawer.closed": text("The drawer is closed.", "Open it first.", ""),
  "drawer.open": text("The drawer is open already.", "Count and close it first.", ""),
  "drawer.notYours": text("Another cashier opened this drawer.", "Use your own drawer.", ""),
  "drawer.moved": text("Cash came or went since the drawer was counted.", "Count it again.", ""),
  "drawer.tooLittle": text("There is not enough cash in the drawer.", "Use another drawer or another way.", ""),
  "counter.tooLittle": text(
    "Less was received than is to be paid.",
    "Take the amount that is to be paid.",
    "Nothing was booked.",
  ),
  "counter.deskOnly": text("Only a desk's purchase can be paid at a counter.", "Begin it at a desk's terminal.", ""),
  "reconciliation.notCompared": text(
    "This day has not been compared yet.",
    "Wait until its bill is here and compared.",
    "",
  ),
  "reconciliation.undecided": text(
    "Some differences are neither resolved nor assigned.",
    "Resolve or assign each of them, then close the day.",
    "",
  ),
  "reconciliation.closed": text("This day is closed.", "Corrections are new entries; a closed day stays as it is.", ""),
  "reconciliation.badFile": text(
    "This file can't be imported.",
    "Check the file as described and upload it again.",
    "",
  ),
  "task.causeRemains": text(
    "The cause of this task is still there.",
    "Settle the cause; the task closes by itself.",
    "",
  ),
  "session.ended": text("This card session has ended.", "Please take the card out and insert it again."),
  "request.invalid": text("The request was not understood.", "Please try again, or call the hotline."),
  "request.keyReused": text("One action arrived with two contents.", "Please try again."),
  "request.keyMissing": text("The action came without its number.", "Please try again, or call the hotline."),
  "auth.required": text(
    "This terminal is not registered or its registration ended.",
    "Use another terminal or call the hotline.",
  ),
  "auth.forbidden": text("This terminal may not do that.", "Use another terminal or go to the service hall."),
  "auth.clockSkew": text(
    "This terminal's clock is wrong; sales are stopped.",
    "Use another terminal or call the hotline.",
  ),
  notFound: text("Nothing was found.", "Please check and try again.", ""),
  "server.unavailable": text(
    "The service centre can't be reached, so no gas can be bought now.",
    "Try later or use another terminal.",
  ),
};
