import { put, seal } from "./area.ts";
import type { CardFacts } from "./layout.ts";
import { openB, openBAreas } from "./open-b.ts";

/** What a meter has to say when it writes the return area. */
export type MeterWord = NonNullable<CardFacts["returned"]> & { errorCode?: number };

/**
 * `image` with the return area as a meter would write it. For fixtures and for the published examples only: in the
 * field nobody but a meter writes this area.
 */
export function withReturnArea(image: Uint8Array, word: MeterWord): Uint8Array {
  const written = image.slice();
  const { returned } = openB;
  const valveBit = word.valve === "closed" ? openB.valveClosedBit : 0;
  put(written, returned.startCode, "inMeter");
  put(written, returned.status, valveBit | (word.batteryLow ? openB.batteryLowBit : 0));
  put(written, returned.errorCode, word.errorCode ?? 0);
  put(written, returned.reserved, null);
  put(written, returned.registerL, word.registerL);
  put(written, returned.totalCredited, word.totalCredited);
  put(written, returned.remaining, word.remaining);
  put(written, returned.acceptedCount, word.count);
  seal(written, openBAreas.returned);
  return written;
}
