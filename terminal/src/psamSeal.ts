/**
 * Seals beside the card: a PSAM in the terminal's second slot makes the MAC, so that a script needs no network once it has
 * come. The masters stay in the module, and what it is given is one card's factor and one command for one challenge.
 *
 * What it can't seal the centre is asked for, with the same challenge: whichever of the two commands the card gets, it gets
 * one, and both say the same. When the script ends is the executor's business, whoever seals.
 */
import type { Psam, PsamFailure } from "@citygas/devices";
import { fromHex, macBlocks, toHex } from "@citygas/gascard";
import type { Seal } from "./executor.ts";

export type PsamProblem = PsamFailure | { reason: "otherCipher" };

/** `onProblem`: why the module did not seal a command that it was there for, for the log. */
export function psamSeal(psam: Psam, centre: Seal, onProblem: (problem: PsamProblem) => void): Seal {
  return async (request, step) => {
    const { unsealed } = step;
    if (unsealed === undefined) return await centre(request, step);
    const { cipher, factor, command } = unsealed;
    if (cipher !== psam.cipher) {
      onProblem({ reason: "otherCipher" });
      return await centre(request, step);
    }
    const made = await psam.mac(bytesOf(factor), macBlocks(cipher, bytesOf(request.challenge), bytesOf(command)));
    if (made.ok) return command + toHex(made.value);
    onProblem(made.failure);
    return await centre(request, step);
  };
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === null) throw new TypeError("not lower-case hex");
  return bytes;
}
