/** The receipt in receiptline markup. Every string that is not of this file goes through `escaped` first. */
import { chinaTime, cubicMetres, money, unitPrice, yuan } from "./amounts.ts";
import type { ReceiptInput, ReceiptTexts } from "./input.ts";
import { escaped, escapedUrl } from "./printable.ts";

const rule = "-";

/** A label on the left and its value on the right, each wrapping within its column. */
function pair(label: string, value: string): string {
  return `${escaped(label)} | ${escaped(value)}`;
}

/** A paragraph over the whole width, from the left. */
function paragraph(text: string): string {
  return `${escaped(text)} |`;
}

function centred(text: string, markup = ""): string {
  return `${markup}${escaped(text, 60)}`;
}

/** Label columns wide enough for 6 Chinese characters, table columns for 99,999.99; narrow paper has two of them. */
function widths(charsPerLine: 32 | 48): { pairs: string; table: string } {
  return charsPerLine === 32 ? { pairs: "{w:12 *}", table: "{w:* 8}" } : { pairs: "{w:16 *}", table: "{w:* 10 10 12}" };
}

/** The whole receipt as markup for `charsPerLine` (32 = 58 mm paper, 48 = 80 mm). */
export function receiptMarkup(data: ReceiptInput, texts: ReceiptTexts, charsPerLine: 32 | 48): string {
  const { pairs, table } = widths(charsPerLine);
  return [
    "{w:*}",
    centred(data.company, "^^^"),
    centred(data.reprint ? `${texts.title} (${texts.reprint})` : texts.title),
    rule,
    pairs,
    ...headPairs(data, texts),
    "{w:*}",
    rule,
    table,
    ...tableLines(data, texts, charsPerLine === 32 ? narrowRow : wideRow),
    "{w:*}",
    rule,
    pairs,
    ...moneyPairs(data, texts),
    "{w:*}",
    rule,
    pairs,
    ...paymentPairs(data, texts),
    "{w:*}",
    rule,
    paragraph(texts.howTo),
    paragraph(`${texts.hotline} ${data.hotline}`),
    rule,
    centred(texts.bind),
    "",
    `{code:${escapedUrl(data.bindUrl)};option:qrcode,5,m}`,
    "",
    centred(texts.bindOnce),
    centred(texts.thanks),
    "",
  ].join("\n");
}

function headPairs(data: ReceiptInput, texts: ReceiptTexts): string[] {
  const { customer } = data;
  return [
    pair(texts.number, data.number),
    pair(texts.unit, data.unit),
    pair(texts.terminal, data.terminal),
    pair(texts.accountNumber, customer.accountNumber),
    pair(texts.name, customer.name),
    pair(texts.address, customer.address),
    pair(
      texts.card,
      texts.cardTail.replace("{tail}", () => customer.cardTail),
    ),
  ];
}

/** What was sold, its price per m³, its m³ and its amount. */
type Cells = readonly [item: string, price: string, volume: string, amount: string];

function wideRow(cells: Cells): string {
  return `${escaped(cells[0])} | ${escaped(cells[1])} | ${escaped(cells[2])} | ${escaped(cells[3])}`;
}

/** Four columns of numbers don't fit into 32 characters: price × volume stand behind the item, if it has any. */
function narrowRow([item, price, volume, amount]: Cells): string {
  const priced = price !== "" && price !== "0";
  return pair(priced ? `${item} ${price}×${volume}` : item, amount);
}

function tableLines(data: ReceiptInput, texts: ReceiptTexts, row: (cells: Cells) => string): string[] {
  const { lines, goodsFen, debtFen } = data.breakdown;
  const rows = lines.map((line) => {
    if (line.kind === "debt") return row([texts.debt, "", "", yuan(line.amountFen)]);
    const name = line.kind === "gas" && line.tier > 0 ? texts.gasTier.replace("{tier}", String(line.tier)) : texts.gas;
    // As in the manual: a meter that prices by itself shows 0 for price and volume.
    const price = line.unitPriceE4 === 0 ? "0" : unitPrice(line.unitPriceE4);
    return row([name, price, cubicMetres(line.volumeL), yuan(line.amountFen)]);
  });
  const metered = lines.some((line) => line.kind === "meterCredit");
  return [
    row([texts.item, texts.unitPrice, texts.volume, texts.amount]),
    ...rows,
    row([texts.total, "", "", yuan(goodsFen + debtFen)]),
    ...(metered ? ["{w:*}", paragraph(texts.pricedByMeter)] : []),
  ];
}

function moneyPairs(data: ReceiptInput, texts: ReceiptTexts): string[] {
  const { deductions, balanceOffsetFen, payableFen, delivers } = data.breakdown;
  const onCard =
    delivers.kind === "volume"
      ? `${cubicMetres(delivers.volumeL)} ${texts.volumeUnit}`
      : `${yuan(delivers.meterCreditFen)} ${texts.moneyUnit}`;
  return [
    ...deductions.map((deduction) => pair(deduction.name, money(-deduction.amountFen))),
    ...(balanceOffsetFen === 0 ? [] : [pair(texts.balanceOffset, money(-balanceOffsetFen))]),
    `${escaped(texts.payable)} | ^^${escaped(money(payableFen))}`,
    pair(texts.delivered, onCard),
  ];
}

function paymentPairs(data: ReceiptInput, texts: ReceiptTexts): string[] {
  const channel = data.channel === null ? texts.nothingToPay : (ownText(texts.channels, data.channel) ?? data.channel);
  return [
    pair(texts.channel, channel),
    ...(data.channelNumber === null ? [] : [pair(texts.channelNumber, data.channelNumber)]),
    ...(data.paidAtMs === null ? [] : [pair(texts.paidAt, chinaTime(data.paidAtMs))]),
    pair(texts.purchaseCount, String(data.purchaseCount)),
  ];
}

function ownText(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
