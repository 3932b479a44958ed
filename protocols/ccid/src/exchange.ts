/**
 * What it takes to get one thing done, as a generator: it yields what to send, is given the reply to that (time extensions
 * are not replies), and returns the outcome. Numbering, waiting and matching are the driver's.
 *
 * An APDU that does not fit one message goes out in blocks (begin, middle, end), each answered by an empty one that asks
 * for the next; an answer may come back the same way. Both need a reader of the extended-APDU level.
 */
import { joined } from "./bytes.ts";
import { type CcidError, ccidError } from "./errors.ts";
import { type CommandBody, type Level, maxDataBytes, type Reply, type SlotStatus, type Voltage } from "./messages.ts";

export type Outcome<T> =
  | { ok: true; value: T; icc: SlotStatus["icc"] }
  /** `reply`: it answered something that makes no sense here. */
  | { ok: false; error: CcidError | "reply"; icc: SlotStatus["icc"] };
export type Exchange<T> = Generator<CommandBody, Outcome<T>, Reply>;

const failedBy = ({ status }: Reply): Outcome<never> | null =>
  status.command === "ok" ? null : { ok: false, error: ccidError(status.error), icc: status.icc };
const nonsense = ({ status }: Reply): Outcome<never> => ({ ok: false, error: "reply", icc: status.icc });

export function* slotStatus(): Exchange<null> {
  const reply = yield { type: "getSlotStatus" };
  return failedBy(reply) ?? { ok: true, value: null, icc: reply.status.icc };
}

/** The card's ATR. */
export function* powerOn(voltage: Voltage = "auto"): Exchange<Uint8Array> {
  const reply = yield { type: "iccPowerOn", voltage };
  const failed = failedBy(reply);
  if (failed !== null) return failed;
  if (reply.type !== "dataBlock" || reply.level !== "whole" || reply.data.length === 0) return nonsense(reply);
  return { ok: true, value: reply.data, icc: reply.status.icc };
}

export function* powerOff(): Exchange<null> {
  const reply = yield { type: "iccPowerOff" };
  return failedBy(reply) ?? { ok: true, value: null, icc: reply.status.icc };
}

/** Off and on again, with nothing in between; the card's ATR. */
export function* powerCycle(voltage: Voltage = "auto"): Exchange<Uint8Array> {
  const off = yield* powerOff();
  return off.ok ? yield* powerOn(voltage) : off;
}

/** A maker's own command to the reader itself. */
export function* escapeCommand(data: Uint8Array): Exchange<Uint8Array> {
  const reply = yield { type: "escape", data };
  const failed = failedBy(reply);
  if (failed !== null) return failed;
  return reply.type === "escape" ? { ok: true, value: reply.data, icc: reply.status.icc } : nonsense(reply);
}

/** dwMaxCCIDMessageLength of a reader without extended APDUs, less the header. */
export const shortBlockBytes = 261;

const block = (level: Level, data: Uint8Array): CommandBody => ({ type: "xfrBlock", bwi: 0, level, data });

/** `blockBytes`: the most data the reader takes in one message. */
export function* transmit(apdu: Uint8Array, blockBytes: number = shortBlockBytes): Exchange<Uint8Array> {
  let reply = yield block(apdu.length <= blockBytes ? "whole" : "begin", apdu.subarray(0, blockBytes));
  for (let at = blockBytes; at < apdu.length; at += blockBytes) {
    const failed = failedBy(reply);
    if (failed !== null) return failed;
    if (reply.type !== "dataBlock" || reply.level !== "goOn" || reply.data.length > 0) return nonsense(reply);
    const next = apdu.subarray(at, at + blockBytes);
    reply = yield block(at + blockBytes >= apdu.length ? "end" : "middle", next);
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const failed = failedBy(reply);
    if (failed !== null) return failed;
    if (reply.type !== "dataBlock" || reply.level === "goOn") return nonsense(reply);
    const isFirst = parts.length === 0;
    const begins = reply.level === "whole" || reply.level === "begin";
    if (begins !== isFirst) return nonsense(reply);
    parts.push(reply.data);
    bytes += reply.data.length;
    if (reply.level === "whole" || reply.level === "end")
      return { ok: true, value: joined(parts), icc: reply.status.icc };
    // A block of nothing would let a reader keep us here for ever.
    if (bytes > maxDataBytes || reply.data.length === 0) return nonsense(reply);
    reply = yield block("goOn", new Uint8Array(0));
  }
}
