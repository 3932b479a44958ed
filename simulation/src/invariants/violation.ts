export type Invariant =
  | "I1"
  | "I2"
  | "I3"
  | "I4"
  | "I5"
  | "I6"
  | "I7"
  | "I8"
  | "I9"
  | "I10"
  | "I11"
  | "I12"
  /** Production code threw where it promises not to. */
  | "threw";

export interface Violation {
  invariant: Invariant;
  text: string;
  /** Virtual time since the world began, ms. */
  atMs: number;
}

export const invariantNames: Record<Invariant, string> = {
  I1: "delivered xor refunded",
  I2: "never over",
  I3: "refund and settlement need proof",
  I4: "one open purchase",
  I5: "intent first",
  I6: "no cross-talk",
  I7: "books balance",
  I8: "replay",
  I9: "the price holds",
  I10: "masked",
  I11: "once",
  I12: "bounded",
  threw: "production code threw",
};
