/** Who takes money, and out of which wallet. The acquirer takes UnionPay and e-CNY codes (docs/acquirer.md). */
export const GATEWAYS = ["wechat", "alipay", "acquirer"] as const;
export const WALLETS = ["wechat", "alipay", "unionpay", "ecny"] as const;
export type Gateway = (typeof GATEWAYS)[number];
export type Wallet = (typeof WALLETS)[number];

export const GATEWAY_OF: Readonly<Record<Wallet, Gateway>> = {
  wechat: "wechat",
  alipay: "alipay",
  unionpay: "acquirer",
  ecny: "acquirer",
};

/** The wallet a payment code came out of, by its first digits (facts/payments.md §3). */
export function walletOfCode(code: string): Wallet {
  if (code.startsWith("62")) return "unionpay";
  if (code.startsWith("01")) return "ecny";
  return code.startsWith("1") ? "wechat" : "alipay";
}
