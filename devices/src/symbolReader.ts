/**
 * Symbols out of a scanner's bytes: text ended by CR (an LF after it is ignored). A code that comes again within two
 * seconds is the same phone still lying there, not a second payment, and is dropped.
 */
const repeatMs = 2_000;
/** Longer than any code a wallet or a poster shows; what is longer is noise. */
const maxSymbolChars = 1_024;

export interface SymbolReader {
  push(chunk: Uint8Array): string[];
}

/** `nowMs`: a monotonic clock. */
export function symbolReader(nowMs: () => number): SymbolReader {
  let rest = "";
  let overlong = false;
  let last: { code: string; at: number } | null = null;
  return {
    push: (chunk) => {
      const codes: string[] = [];
      const parts = (rest + Buffer.from(chunk).toString("latin1")).split("\r");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const code = part.replace(/^\n/, "").trim();
        const noise = overlong || code === "" || code.length > maxSymbolChars;
        overlong = false;
        if (noise) continue;
        const at = nowMs();
        if (last !== null && last.code === code && at - last.at < repeatMs) {
          // The window runs from the newest reading: a phone held under the light for a minute is one reading.
          last = { code, at };
          continue;
        }
        last = { code, at };
        codes.push(Buffer.from(code, "latin1").toString("utf8"));
      }
      if (rest.length > maxSymbolChars) {
        rest = "";
        overlong = true;
      }
      return codes;
    },
  };
}
