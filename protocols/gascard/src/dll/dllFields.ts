/**
 * What a maker's DLL says and wants, by the interface of 2012 (天然气销售系统 IC卡接口规范 V1.0; facts: cards.md §2.4): its
 * fields under their own names, and its codes. Volumes of sale are whole cubic metres there, those of the meter hundredths.
 */
export interface DllCard {
  /** 卡号 */
  kh: string;
  /** 地区代码, four digits; "" where the chip has none. */
  dqdm: string;
  /** 0 opening card, 1 user card. */
  kzt: number;
  /** 1 home, 2 industrial; -1 where the chip doesn't say. */
  klx: number;
  /** Gas bought and not taken yet, m³. */
  ql: number;
  /** Purchases so far. */
  cs: number;
  /** Bought in all, m³. */
  ljgql: number;
  /** Replacements so far. */
  bkcs: number;
  /** Used in all, 0.01 m³; -1 = the card has not been in a meter, or its chip lacks it. */
  ljyql: number;
  /** Left in the meter, 0.01 m³; -1 as above. */
  syql: number;
  /** Alarm, ceiling, overdraft, m³; -1 where the chip lacks it. */
  bjql: number;
  czsx: number;
  tzed: number;
  /** Day of the last sale, YYYYMMDD; "" = none. */
  sqrq: string;
}

/** The interface knows eight digits; our image holds this many in litres, and no household burns them. */
const mostM3 = 4_000_000;

const texts = ["kh", "dqdm", "sqrq"] as const satisfies (keyof DllCard)[];
const numbers = {
  kzt: [0, 1],
  klx: [-1, 9],
  ql: [0, mostM3],
  cs: [0, 9_999],
  ljgql: [0, mostM3],
  bkcs: [0, 255],
  ljyql: [-1, mostM3 * 100],
  syql: [-1, 2_000_000 * 100],
  bjql: [-1, 999_999],
  czsx: [-1, 999_999],
  tzed: [-1, 999_999],
} as const satisfies Partial<Record<keyof DllCard, readonly [from: number, to: number]>>;

/** null: a field is missing, of the other kind, or outside the interface's range. */
export function dllCard(fields: Readonly<Record<string, unknown>>): DllCard | null {
  const found: Record<string, string | number> = {};
  for (const name of texts) {
    const value = fields[name];
    if (typeof value !== "string") return null;
    found[name] = value;
  }
  for (const [name, [from, to]] of Object.entries(numbers)) {
    const value = fields[name];
    if (typeof value !== "number" || !Number.isInteger(value) || value < from || value > to) return null;
    found[name] = value;
  }
  if (!/^\d{1,12}$/.test(String(found.kh)) || !/^\d{0,4}$/.test(String(found.dqdm))) return null;
  if (!/^(\d{8})?$/.test(String(found.sqrq))) return null;
  // Every name of the two lists is there, and of its kind.
  return found as unknown as DllCard;
}

/** What a code below zero comes to. Makers have their own below -18. */
export type DllProblem =
  | "noCard"
  | "reader"
  | "notUser"
  | "notOurs"
  | "newCard"
  | "otherCard"
  | "wrongSecret"
  | "cardBroken"
  | "notWritten"
  | "overLimit"
  | "other";

const problems: Readonly<Record<number, DllProblem>> = {
  [-1]: "reader",
  [-2]: "reader",
  [-3]: "reader",
  [-4]: "noCard",
  [-5]: "cardBroken",
  [-6]: "cardBroken",
  [-7]: "cardBroken",
  [-8]: "notUser",
  [-9]: "wrongSecret",
  [-10]: "notWritten",
  [-11]: "cardBroken",
  [-12]: "reader",
  [-13]: "newCard",
  [-14]: "notOurs",
  [-15]: "notWritten",
  [-16]: "otherCard",
  [-17]: "notWritten",
  [-18]: "overLimit",
};
export const dllProblem = (code: number): DllProblem => problems[code] ?? "other";

/** Whose card lies there, by what each maker's CheckGasCard said of it. */
export type DllClaim =
  | { kind: "noCard" }
  | { kind: "maker"; maker: string; role: "gas" | "tool" }
  /** Each says that it is another's. */
  | { kind: "nobody" }
  /** None claims it, and at least one can't say that it is another's: new, broken, of another kind. */
  | { kind: "unclear" }
  /** Two say that it is theirs: one of them would write another maker's card. A person has to look. */
  | { kind: "several"; makers: string[] }
  /** One of them could not look: then nobody's claim is believed. */
  | { kind: "fault"; maker: string };

/** `code`: 0 a user or opening card, 1 a tool card, below zero a problem. */
export function dllClaim(checks: readonly { maker: string; code: number }[]): DllClaim {
  const failed = checks.find(({ code }) => code < 0 && dllProblem(code) === "reader");
  if (failed !== undefined) return { kind: "fault", maker: failed.maker };
  const claims = checks.filter(({ code }) => code === 0 || code === 1);
  const [first] = claims;
  if (claims.length > 1) return { kind: "several", makers: claims.map(({ maker }) => maker) };
  if (first !== undefined) return { kind: "maker", maker: first.maker, role: first.code === 0 ? "gas" : "tool" };
  const said = checks.map(({ code }) => dllProblem(code));
  if (said.length > 0 && said.every((problem) => problem === "noCard")) return { kind: "noCard" };
  return { kind: said.every((problem) => problem === "notOurs" || problem === "noCard") ? "nobody" : "unclear" };
}
