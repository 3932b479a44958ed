/**
 * What stands on a receipt. Money in fen, gas in litres, unit prices in 1/10,000 yuan per m³, times in ms since the
 * epoch. Name and address come already masked.
 */
export interface ReceiptInput {
  company: string;
  unit: string;
  terminal: string;
  number: string;
  customer: { accountNumber: string; name: string; address: string; balanceFen: number; cardTail: string };
  breakdown: {
    lines: readonly {
      kind: "gas" | "meterCredit" | "debt";
      tier: number;
      /** 0 where the meter prices. */
      unitPriceE4: number;
      volumeL: number;
      amountFen: number;
    }[];
    goodsFen: number;
    debtFen: number;
    deductions: readonly { name: string; amountFen: number }[];
    balanceOffsetFen: number;
    payableFen: number;
    delivers: { kind: "volume"; volumeL: number } | { kind: "amount"; meterCreditFen: number };
  };
  /** Key into `ReceiptTexts.channels`, or a name to print as it is; null when nothing was to pay. */
  channel: string | null;
  channelNumber: string | null;
  paidAtMs: number | null;
  purchaseCount: number;
  hotline: string;
  /** One-time link that opens binding; printed as a QR code. */
  bindUrl: string;
  reprint: boolean;
}

/** The words, in the language of the receipt. `{tail}` and `{tier}` mark the values put in. */
export interface ReceiptTexts {
  title: string;
  reprint: string;
  unit: string;
  terminal: string;
  number: string;
  accountNumber: string;
  name: string;
  address: string;
  card: string;
  cardTail: string;
  item: string;
  unitPrice: string;
  volume: string;
  amount: string;
  gas: string;
  gasTier: string;
  meterCredit: string;
  debt: string;
  pricedByMeter: string;
  total: string;
  balanceOffset: string;
  payable: string;
  channel: string;
  channels: Readonly<Record<string, string>>;
  nothingToPay: string;
  channelNumber: string;
  paidAt: string;
  purchaseCount: string;
  delivered: string;
  volumeUnit: string;
  moneyUnit: string;
  hotline: string;
  howTo: string;
  bind: string;
  bindOnce: string;
  thanks: string;
}
