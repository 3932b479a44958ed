import { chips } from "./chips/chips.ts";
import type { CardClass, LayoutDriver } from "./layout.ts";

/**
 * What follows from a card's class and its chip, and from nothing else (purchase-protocol, "Card scripts", "Refund"): a
 * driver can declare its class wrongly, but it can't ask for more than its class gives.
 */
export type Reader = "kiosk" | "desk" | "phone";

export interface ClassRules {
  /**
   * Who finishes a write that was cut: any reader that may write the card, because writing it once more can't be credited
   * twice; or a person with evidence.
   */
  readonly finish: "anyReader" | "person";
  /** What a meter does with the same card a second time. */
  readonly repeated: "sameTotal" | "sameCount" | "creditedAgain";
  /** A refund image of this class is count n+1 with amount 0; `newSecret`: and proves nothing while the old secret stands. */
  readonly refundImage: "zero" | "zeroAndNewSecret" | "none";
  /** Bought now, written another day. */
  readonly boughtForLater: boolean;
}

export const classRules: Readonly<Record<CardClass, ClassRules>> = {
  A: { finish: "anyReader", repeated: "sameTotal", refundImage: "zeroAndNewSecret", boughtForLater: true },
  B: { finish: "anyReader", repeated: "sameCount", refundImage: "zero", boughtForLater: true },
  C: { finish: "person", repeated: "creditedAgain", refundImage: "none", boughtForLater: false },
};

/** Does the card check who writes it, command by command, so that a reader in a stranger's hand can't write what it likes? */
const isCpuCard = ({ chip }: Pick<LayoutDriver, "chip">): boolean => chips[chip].write.kind === "command";

/**
 * May a script for this card go to such a reader? A phone is in the customer's hand: it could keep a memory card's secret
 * and, where checksums need no key, write itself gas.
 */
export function mayWriteAt(layout: Pick<LayoutDriver, "cardClass" | "chip" | "checksums">, reader: Reader): boolean {
  if (reader !== "phone") return true;
  return layout.cardClass !== "C" && (isCpuCard(layout) || layout.checksums === "keyed");
}

/** May a write that was cut be finished there without a person's decision? */
export function mayFinishAt(layout: Pick<LayoutDriver, "cardClass" | "chip" | "checksums">, reader: Reader): boolean {
  return classRules[layout.cardClass].finish === "anyReader" && mayWriteAt(layout, reader);
}

/**
 * What proves that an issued purchase is not, and never will be, in the meter.
 *
 * - `image`: the refund image, written and read back at a paired kiosk or desk (with a new secret where the class needs it)
 * - `returnArea`: the refund image, and afterwards the meter's own word on it: n+1 accepted, total unchanged
 * - `index`: a person has read the meter
 * - `none`: nothing does; the purchase is written or left
 */
export type RefundProof = "image" | "returnArea" | "index" | "none";

/** `phoneScript`: one went to a phone since the card's last change of secret. `replaced`: the card was, since the sale. */
export function refundProof(
  layout: Pick<LayoutDriver, "cardClass" | "chip">,
  history: { phoneScript: boolean; replaced: boolean },
): RefundProof {
  const lost = history.replaced || (history.phoneScript && !isCpuCard(layout));
  switch (layout.cardClass) {
    case "A":
      return lost ? "none" : "image";
    case "B":
      return lost ? "returnArea" : "image";
    case "C":
      return "index";
  }
}
