/**
 * Commands to CPU cards sealed by a PSAM in a reader of the centre's: in the second slot of a reader, or in one of its own.
 * Whatever it can't do is an error: the terminal asks again while its script lives, and after that the write is unknown
 * like any other.
 */
import type { Psam } from "@citygas/devices";
import { macBlocks } from "@citygas/gascard";
import type { CardSealer } from "./masterKey.ts";

export function psamSealer(psam: Psam): CardSealer {
  const { cipher } = psam;
  return {
    cipher,
    // It is asked for MACs of commands only.
    proves: null,
    async mac(factor, challenge, input) {
      const made = await psam.mac(factor, macBlocks(cipher, challenge, input));
      if (made.ok) return made.value;
      throw new Error(`PSAM: ${Object.values(made.failure).join(" ")}`);
    },
  };
}
