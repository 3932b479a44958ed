/**
 * Which of its secrets a memory card is presented with, and which one it is given. Pure.
 *
 * A card is given its next secret right after it was presented with the one it has, before the first byte is written: who
 * then finds our bytes on it, read back by the script that wrote them, knows that the new secret is in place. Torn in the
 * change itself, the card opens to one of two. The new one is presented first; was it wrong, the other one at the next
 * insertion. One try in an insertion, never two wrong ones after each other, and a right one gives the tries back. Marks
 * on the card decide nothing here: a phone could have made them.
 */
import type { CardSecret, IssuedScript } from "@citygas/core";

export interface SecretUse {
  presents: number;
  changesTo: number | null;
}

/** What is known of the last script for the open purchase. */
export interface LastTry {
  script: IssuedScript;
  /** Its secret was refused. */
  wasWrong: boolean;
  /** It stopped, by the terminal's own word, before it came to the change. */
  stoppedBefore: boolean;
}

/**
 * `wanted`: a new secret. As long as it is not known which of two the card opens to, there is no third: the change that was
 * begun is what is done. `counterFull`: the chip has all its tries.
 */
export function secretUse(card: CardSecret, last: LastTry | null, counterFull: boolean, wanted: boolean): SecretUse {
  const presents = presented(card, last, counterFull);
  const target = wanted ? (card.pending ?? card.version + 1) : null;
  return { presents, changesTo: target === presents ? null : target };
}

/** The number that the card is to carry after a script with this use. */
export const numberOf = ({ presents, changesTo }: SecretUse): number => changesTo ?? presents;

function presented({ version, pending }: CardSecret, last: LastTry | null, counterFull: boolean): number {
  if (pending === null) return version;
  const before = last?.script.secret;
  if (before === undefined) return counterFull ? pending : version;
  if (last?.wasWrong === true) return before.presents === pending ? version : pending;
  // A try that is missing may have been that one's, so it is not the time for the other.
  if (!counterFull) return before.presents;
  return last?.stoppedBefore === true && before.changesTo === pending ? before.presents : pending;
}
