import type { QuoteFacts } from "@citygas/core";
import { DuplicateValueError } from "../store/transition.ts";
import { purchaseNumber, purchaseToken } from "./purchaseNumber.ts";
import type { SaleContext } from "./sale.ts";

/** A short number may be taken; ten taken ones in a row mean that something else is wrong. */
const numberTriesMax = 10;

/** Commits a quote under a number that nobody has. Throws the last DuplicateValueError when none of ten is free. */
export async function underFreeNumber<T>(
  { random }: Pick<SaleContext, "random">,
  commit: (names: Pick<QuoteFacts, "number" | "token">) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await commit({ number: purchaseNumber(random), token: purchaseToken(random) });
    } catch (error) {
      if (!(error instanceof DuplicateValueError) || tries >= numberTriesMax) throw error;
    }
  }
}
