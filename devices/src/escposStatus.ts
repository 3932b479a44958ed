/** ESC/POS real-time and ordered status, as bytes only (Epson's public command reference; table in docs/devices.md). */
import type { PaperState } from "./peripherals.ts";

/** `DLE EOT n`: answered at once by one byte, whatever else the printer is doing. */
export const realTimeStatus = {
  printer: Uint8Array.of(0x10, 0x04, 0x01),
  offlineCause: Uint8Array.of(0x10, 0x04, 0x02),
  paper: Uint8Array.of(0x10, 0x04, 0x04),
} as const;
/** `GS r 1`: answered in the order of the data, so after what stands before it was printed. */
export const orderedPaperStatus = Uint8Array.of(0x1d, 0x72, 0x01);

/** Real-time answers have bits 1 and 4 set and bits 0 and 7 clear; anything else is not one. */
export function isRealTimeAnswer(byte: number): boolean {
  return (byte & 0b1001_0011) === 0b0001_0010;
}
/** Ordered answers have bits 4 and 7 clear. */
export function isOrderedAnswer(byte: number): boolean {
  return (byte & 0b1001_0000) === 0;
}

/** Answers to the three real-time questions, in the order asked. Null byte: no answer. */
export function paperState(answers: {
  printer: number | null;
  cause: number | null;
  paper: number | null;
}): PaperState {
  const { printer, cause, paper } = answers;
  if (paper !== null && (paper & 0x60) !== 0) return "out";
  if (printer !== null && (printer & 0x08) !== 0) {
    if (cause === null) return "unknown";
    if ((cause & 0x20) !== 0) return "out";
    // Cover open or a mechanical error: for a customer both mean that nothing comes out.
    return (cause & 0x44) !== 0 ? "jammed" : "unknown";
  }
  if (printer === null || paper === null) return "unknown";
  return (paper & 0x0c) !== 0 ? "low" : "full";
}
