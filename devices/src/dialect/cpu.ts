/**
 * A command for a CPU card goes out as it is. Under T=0 the card may answer only that it has something to say (`61 xx`) or
 * that it was asked for another length (`6C xx`): then it is asked again, once each, so that a script sees one answer.
 */
import { type Conversation, failed, ok, statusWord } from "./conversation.ts";

/** GET RESPONSE as often as that for one command; an answer of 256 bytes needs one. */
const getResponsesMax = 4;

export function* cpuExchange(apdu: Uint8Array): Conversation<Uint8Array> {
  let answer = yield apdu;
  if (answer.at(-2) === 0x6c && answer.length === 2) {
    answer = yield Uint8Array.of(...apdu.subarray(0, 4), answer[1] ?? 0);
  }
  const parts: number[] = [];
  for (let asked = 0; answer.length >= 2 && answer.at(-2) === 0x61 && asked < getResponsesMax; asked++) {
    parts.push(...answer.subarray(0, -2));
    answer = yield Uint8Array.of(apdu[0] ?? 0, 0xc0, 0x00, 0x00, answer.at(-1) ?? 0);
  }
  return statusWord(answer) === null ? failed("removed") : ok(Uint8Array.of(...parts, ...answer));
}
