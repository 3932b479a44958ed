import { meterErrors, type OpenTable } from "../src/open/tables.ts";

const cipherNames = { tripleDes: "3DES", sm4: "SM4" } as const;

/** The sentences of a layout's page that its class decides. Numbers come from the table. */
export function purposeText({ cardClass, application }: OpenTable): { zh: string; en: string } {
  switch (cardClass) {
    case "A":
      return {
        zh: "累计型（A 类），芯片 SLE4442。卡上写的是累计购气，表只充入累计的差额。",
        en: "class A, on the SLE4442. The card carries the total ever bought; the meter credits what it\nis short of that total, so a card written twice credits once.",
      };
    case "B":
      return application === null
        ? {
            zh: "计数型（B 类），芯片 SLE4442。",
            en: "class B, on the SLE4442. The meter takes purchase number _accepted + 1_ and no other.",
          }
        : {
            zh: `计数型（B 类），CPU 卡（${cipherNames[application.cipher]}），气量和次数在同一条带校验码的命令里写入。`,
            en: `class B on a CPU card that uses ${cipherNames[application.cipher]}. The meter takes purchase number _accepted + 1_ and no\nother; amount and count reach the card in one sealed command.`,
          };
    case "C":
      return {
        zh: "普通型（C 类），芯片 AT24C02。表充入卡上的气量后清零，不核对次数，所以写卡中断只能由人工处理。",
        en: "class C, on the AT24C02. The meter credits what is on the card and sets it to zero; it checks no\nnumber, so whoever writes such a card twice gives gas twice.",
      };
  }
}

const span = ({ offset, length }: { offset: number; length: number }): string => `${offset} to ${offset + length - 1}`;

export function writingText(table: OpenTable): string {
  const { commit, purchase, price, cardClass, application } = table;
  const data = { offset: purchase.offset, length: commit.offset - purchase.offset };
  const last = cardClass === "C" ? "count, mark and checksum" : "count and checksum";
  const order =
    application === null
      ? `From its first byte to its last; unchanged bytes are left alone. A purchase writes the price area first (bytes
${span(price)}, where the price is another one), then bytes ${span(data)}; it reads them back, and only then writes bytes
${span(commit)} (${last}: the commit).${cardClass === "C" ? " Each byte is a write of its own: within a page of this chip no order could be relied on." : ""}`
      : `A purchase writes price and purchase area, bytes ${span({ offset: price.offset, length: purchase.offset + purchase.length - price.offset })}, in one command: from the first byte that changes to the last,
so amount, count and checksum are on the card together or not at all.`;
  return `## How an area is written

${order}

${goodText(table)}

${halfText(table)}

${ownersText(table)}`;
}

function goodText({ cardClass }: OpenTable): string {
  switch (cardClass) {
    case "A":
      return `The purchase area is **good** when its checksum is right, _boughtOn_ is a day or none, _countMark_ is the low byte of
_count_, and _backupTotal_ equals _total_. Anything else is a torn or damaged write and says nothing.`;
    case "B":
      return `The purchase area is **good** when its checksum is right, _boughtOn_ is a day or none, _countMark_ is the low byte of
_count_, and _backupAmount_ equals _amount_. Anything else is a torn or damaged write and says nothing.`;
    case "C":
      return `The purchase area is **good** when its checksum is right, _boughtOn_ is a day or none, _mark_ and _endMark_ are both what
_count_ and _amount_ call for, and _backupAmount_ equals _amount_. Anything else is a torn or damaged write and says
nothing.`;
  }
}

function halfText({ cardClass }: OpenTable): string {
  const [first, lastField] = cardClass === "C" ? ["_mark_", "_endMark_"] : ["_countMark_", "the low byte of _count_"];
  return `Why a card pulled at any moment never shows a good half: the next purchase has the next number, so the low byte of the
count always changes. ${first} is the first byte to change and ${lastField} the last before the checksum;
between the two they differ. After that everything but the checksum is new, and a checksum that fits is the new one.
This holds by order, whatever the checksum of a half happens to be.${cardClass === "C" ? " The same goes for the meter's taking the\namount out: that turns bit 7 of both marks." : ""}`;
}

function ownersText({ cardClass }: OpenTable): string {
  const refund = `A **refund image** is purchase _n + 1_ with amount 0`;
  switch (cardClass) {
    case "A":
      return `Each area has one writer. The meter never touches the purchase area: that gas was taken is told by _totalCredited_
having reached _total_. So what is still on the card (卡中气量) is _total_ less _totalCredited_, never below 0.

${refund} and the _total_ of before: a meter that sees it credits nothing.
It proves a refund only on a card whose secret was changed before it was written: with the old one somebody could write
the purchase again.`;
    case "B":
      return `Each area has one writer. The meter never touches the purchase area: that gas was taken is told by _acceptedCount_
having reached _count_, not by an amount set to zero. So what is still on the card (卡中气量) is _amount_ while
_acceptedCount_ is below _count_, or the card has never been in a meter; else it is 0.

${refund}: a meter takes the number and credits nothing. After it, purchase
_n + 1_ can be credited by no card.`;
    case "C":
      return `What is still on the card (卡中气量) is _amount_. Only the meter writes it to 0.

There is **no refund image**: a card that shows 0 may have been in a meter or not, and one that was copied before shows
nothing at all. A refund needs the meter's index, read on site.`;
  }
}

export function meterText(table: OpenTable): string {
  const { parameters, returned, cardClass } = table;
  const { meterCeiling } = parameters.fields;
  const { acceptedCount, totalCredited } = returned.fields;
  const keeps = cardClass === "B" ? "accepted count, total credited" : "the last count it took, total credited";
  return `## What a meter does with a card

A meter keeps for itself, safe from power loss: area code and card number it is bound to (or none), the highest
replacement number seen, ${keeps}, remaining, register, valve, battery.

1. Identity area bad, not of this layout, another unit, or a tool card: nothing is credited **and nothing is written**.
2. Not bound yet: it binds to the card's area code and number. If the return area is good, it takes _acceptedCount_ and
   _totalCredited_ from there (bytes ${acceptedCount.offset} and ${totalCredited.offset}; on a card that was never in a meter the issuer has put there what the
   account had before), else 0 and 0.
   Bound to another area code or number, or the card's _replacement_ is lower than one seen before: as in 1.
3. Parameter or purchase area not good: error ${meterErrors.badChecksum}, nothing is credited.
${creditText(cardClass, meterCeiling.offset)}
7. In cases 3 to 6 it then writes the whole return area from its own numbers, _startCode_ 58, from byte ${returned.offset} on, checksum
   last. Torn there, nothing is lost: the next insertion writes it again.

A meter that prices by itself takes over the price area's price when that area is good and says one; an area that is not
good is passed over, the price it has stays.

| errorCode | meaning |
| --- | --- |
| 00 | none |
| 01 | parameter or purchase area not good (main and backup included) 校验错 |
${cardClass === "A" ? "| 02 | the card's total is below the meter's 累计小于表内 |\n" : cardClass === "B" ? "| 02 | not the next purchase number 次数错 |\n" : ""}| 03 | more than the meter may hold 超充值上限 |

Whether gas was credited is told by the return area alone: accepted count _n + 1_ **and** total credited higher by the
amount; never by the count alone (an amount of 0 raises it too). A return area torn while the meter writes it fails its
checksum; should a half ever fit it by chance, _acceptedCount_ is last, so a new one stands only after a new total.

${table.application === null ? secretText(table) : "A meter writes its own file under its own key, and no other file."}`;
}

function secretText({ chip }: OpenTable): string {
  return chip === "at24c02"
    ? "The chip asks nobody for a secret. Whoever has such a card can write it; the layout is published so that nobody believes\notherwise."
    : "A meter writes with the card's secret like everybody else. How a secret is made from the card number is between the\nissuer and the meter maker and no part of this layout.";
}

function creditText(cardClass: OpenTable["cardClass"], ceilingAt: number): string {
  const over = `_meterCeiling_ (byte ${ceilingAt}) is not 0 and remaining + `;
  switch (cardClass) {
    case "A":
      return `4. _total_ equals total credited: nothing to credit, error ${meterErrors.none}; the last count it took becomes _count_.
5. _total_ is above total credited: if ${over}the difference
   is above it: error ${meterErrors.overCeiling}, nothing is credited. Else, in one step that cannot be torn: the last count it took becomes
   _count_, total credited becomes _total_, remaining + the difference, error ${meterErrors.none}.
6. _total_ is below total credited: error ${meterErrors.wrongCount}, nothing is credited.`;
    case "B":
      return `4. _count_ equals the accepted count: nothing to do, error ${meterErrors.none}.
5. _count_ is the accepted count + 1: if _amount_ is above 0, ${over}_amount_ is
   above it: error ${meterErrors.overCeiling}, nothing is credited. Else, in one step that cannot be torn: accepted count + 1, total credited +
   _amount_, remaining + _amount_ (also when _amount_ is 0), error ${meterErrors.none}.
6. Any other _count_: error ${meterErrors.wrongCount}, nothing is credited.`;
    case "C":
      return `4. _amount_ is 0: nothing to credit, error ${meterErrors.none}.
5. _amount_ is above 0 and ${over}_amount_ is above it: error
   ${meterErrors.overCeiling}, nothing is credited, and the amount stays on the card.
6. _amount_ is above 0 otherwise: it writes _mark_, _amount_, _backupAmount_, _endMark_ and the checksum anew with amount 0, in
   the order of their bytes, reads them back, and only then, in one step that cannot be torn: the last count it took
   becomes _count_, total credited + the amount, remaining + the amount, error ${meterErrors.none}. A card pulled before that is not
   credited and may have lost its amount: the index tells.`;
  }
}
