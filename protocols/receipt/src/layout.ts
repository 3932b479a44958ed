/** The receipt in receiptline markup. Every string that is not of this file goes through `escaped` first. */
import { chinaTime, cubicMetres, money, unitPrice, yuan } from "./amounts.ts";
import type { ReceiptInput, ReceiptTexts } from "./input.ts";
import { columnsOf, escaped, escapedUrl } from "./printable.ts";

const rule = "-";

/** A label on the left and its value on the right, each wrapping within its column. */
function pair(label: string, value: string): string {
  return `${escaped(label)} | ${escaped(value)}`;
}

type Pair = readonly [label: string, value: string];

/** Columns of a label, wide enough for 6 or 8 Chinese characters; one blank column parts it from the value. */
const labelColumns = { 32: 12, 48: 16 } as const;

/** Labels and values; a value that its column would break (a payment number, an address) stands on the next line. */
function pairLines(pairs: readonly Pair[], charsPerLine: 32 | 48): string[] {
  const widths = `{w:${labelColumns[charsPerLine]} *}`;
  const room = charsPerLine - labelColumns[charsPerLine] - 1;
  const lines = pairs.flatMap(([label, value]) =>
    columnsOf(value) <= room ? [pair(label, value)] : ["{w:*}", paragraph(label), `| ${escaped(value)}`, widths],
  );
  return [widths, ...lines];
}

/** A paragraph over the whole width, from the left. */
function paragraph(text: string): string {
  return `${escaped(text)} |`;
}

function centred(text: string, markup = ""): string {
  return `${markup}${escaped(text, 60)}`;
}

/** Wide enough for 99,999.99; narrow paper has two columns of them. */
const tableWidths = { 32: "{w:* 8}", 48: "{w:* 10 10 12}" } as const;

/** The whole receipt as markup for `charsPerLine` (32 = 58 mm paper, 48 = 80 mm). */
export function receiptMarkup(data: ReceiptInput, texts: ReceiptTexts, charsPerLine: 32 | 48): string {
  return [
    "{w:*}",
    centred(data.company, "^^^"),
    centred(data.reprint ? `${texts.title} (${texts.reprint})` : texts.title),
    rule,
    ...pairLines(headPairs(data, texts), charsPerLine),
    "{w:*}",
    rule,
    tableWidths[charsPerLine],
    ...tableLines(data, texts, charsPerLine === 32 ? narrowRow : wideRow),
    "{w:*}",
    rule,
    ...pairLines(deductedPairs(data, texts), charsPerLine),
    `${escaped(texts.payable)} | ^^${escaped(money(data.breakdown.payableFen))}`,
    pair(texts.delivered, delivered(data, texts)),
    "{w:*}",
    rule,
    ...pairLines(paymentPairs(data, texts), charsPerLine),
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

function headPairs(data: ReceiptInput, texts: ReceiptTexts): Pair[] {
  const { customer } = data;
  return [
    [texts.number, data.number],
    [texts.unit, data.unit],
    [texts.terminal, data.terminal],
    [texts.accountNumber, customer.accountNumber],
    [texts.name, customer.name],
    [texts.address, customer.address],
    [texts.card, texts.cardTail.replace("{tail}", () => customer.cardTail)],
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

function deductedPairs(data: ReceiptInput, texts: ReceiptTexts): Pair[] {
  const { deductions, balanceOffsetFen } = data.breakdown;
  return [
    ...deductions.map((deduction): Pair => [deduction.name, money(-deduction.amountFen)]),
    ...(balanceOffsetFen === 0 ? [] : [[texts.balanceOffset, money(-balanceOffsetFen)] as const]),
  ];
}

function delivered(data: ReceiptInput, texts: ReceiptTexts): string {
  const { delivers } = data.breakdown;
  return delivers.kind === "volume"
    ? `${cubicMetres(delivers.volumeL)} ${texts.volumeUnit}`
    : `${yuan(delivers.meterCreditFen)} ${texts.moneyUnit}`;
}

function paymentPairs(data: ReceiptInput, texts: ReceiptTexts): Pair[] {
  const channel = data.channel === null ? texts.nothingToPay : (ownText(texts.channels, data.channel) ?? data.channel);
  return [
    [texts.channel, channel],
    ...(data.channelNumber === null ? [] : [[texts.channelNumber, data.channelNumber] as const]),
    ...(data.paidAtMs === null ? [] : [[texts.paidAt, chinaTime(data.paidAtMs)] as const]),
    [texts.purchaseCount, String(data.purchaseCount)],
  ];
}

function ownText(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
