import { get, isSealed, put, seal } from "../area.ts";
import type { MeterWord, ReturnArea } from "../layout.ts";
import { type OpenTable, statusBits } from "./tables.ts";

/** The meter's own area, taken alone. */
export function returnAreaOf(image: Uint8Array, { returned: area }: OpenTable): ReturnArea {
  if (!isSealed(image, area)) return "bad";
  const { fields } = area;
  const startCode = get(image, fields.startCode);
  const status = get(image, fields.status);
  const registerL = get(image, fields.registerL);
  const totalCredited = get(image, fields.totalCredited);
  const remaining = get(image, fields.remaining);
  const count = get(image, fields.acceptedCount);
  if (startCode === "never") return "never";
  if (startCode === undefined || status === undefined || registerL === undefined) return "bad";
  if (totalCredited === undefined || remaining === undefined || count === undefined) return "bad";
  const valve = (status & statusBits.valveClosed) === 0 ? "open" : "closed";
  return { count, totalCredited, registerL, remaining, valve, batteryLow: (status & statusBits.batteryLow) !== 0 };
}

/** Writes the area into the image in place, as a meter does. */
export function putReturn(image: Uint8Array, { returned: area }: OpenTable, word: MeterWord): void {
  const { fields } = area;
  const valveBit = word.valve === "closed" ? statusBits.valveClosed : 0;
  put(image, fields.startCode, "inMeter");
  put(image, fields.status, valveBit | (word.batteryLow ? statusBits.batteryLow : 0));
  put(image, fields.errorCode, word.errorCode ?? 0);
  put(image, fields.reserved, null);
  put(image, fields.registerL, word.registerL);
  put(image, fields.totalCredited, word.totalCredited);
  put(image, fields.remaining, word.remaining);
  put(image, fields.acceptedCount, word.count);
  seal(image, area);
}

/** The area as the issuer leaves it: never in a meter, but with what the account had before this card. */
export function putFreshReturn(
  image: Uint8Array,
  { returned: area }: OpenTable,
  count: number,
  totalCredited: number,
): void {
  const { fields } = area;
  put(image, fields.startCode, "never");
  put(image, fields.status, 0);
  put(image, fields.errorCode, 0);
  put(image, fields.reserved, null);
  put(image, fields.registerL, 0);
  put(image, fields.totalCredited, totalCredited);
  put(image, fields.remaining, 0);
  put(image, fields.acceptedCount, count);
  seal(image, area);
}
