/**
 * CCID messages (USB-IF, Integrated Circuit(s) Cards Interface Devices, rev 1.1) as values and as bytes, both ways: a
 * host's driver and a reader's test double use the same page.
 *
 * Every message is ten bytes and then its data: type, dwLength (four bytes, low first, counts the data), bSlot, bSeq, three
 * bytes of its own. The one exception is NotifySlotChange, which on USB has a pipe to itself: type, then two bits a slot.
 */
import { joined } from "./bytes.ts";

export const headerBytes = 10;
/** An extended APDU and its answer: 65,535 data bytes, header and length bytes. */
export const maxDataBytes = 65_544;

/** Host to reader. */
export type Command = { slot: number; seq: number } & CommandBody;
export type CommandBody =
  | { type: "iccPowerOn"; voltage: Voltage }
  | { type: "iccPowerOff" }
  | { type: "getSlotStatus" }
  /** `bwi`: block waiting time multiplier. `level`: what part of a chained command or answer this is. */
  | { type: "xfrBlock"; bwi: number; level: Level; data: Uint8Array }
  | { type: "escape"; data: Uint8Array }
  | { type: "getParameters" }
  | { type: "resetParameters" }
  /** `protocol`: 0 = T=0, 1 = T=1; `data`: its parameter structure. */
  | { type: "setParameters"; protocol: number; data: Uint8Array };

export type Voltage = "auto" | "5V" | "3V" | "1.8V";
/** Of a block in either direction: all of it, its beginning, its end, its middle, or empty: go on. */
export type Level = "whole" | "begin" | "end" | "middle" | "goOn";

/** Reader to host. */
export type Reply = { slot: number; seq: number; status: SlotStatus } & ReplyBody;
export type ReplyBody =
  | { type: "dataBlock"; level: Level; data: Uint8Array }
  /** `clock`: 0 running, 1 stopped low, 2 stopped high, 3 stopped, unknown. */
  | { type: "slotStatus"; clock: number }
  | { type: "parameters"; protocol: number; data: Uint8Array }
  | { type: "escape"; data: Uint8Array };
/** Without being asked: what is in each slot, and whether that has changed. */
export interface SlotChange {
  type: "notifySlotChange";
  slots: readonly { present: boolean; changed: boolean }[];
}
export type ReaderMessage = Reply | SlotChange;

export interface SlotStatus {
  icc: "active" | "inactive" | "absent";
  /** `wait`: a time extension, the real answer comes later under the same bSeq; `error` is then the multiplier. */
  command: "ok" | "failed" | "wait";
  /** bError of the specification: 0 when the command went well. */
  error: number;
}

const commandTypes = {
  iccPowerOn: 0x62,
  iccPowerOff: 0x63,
  getSlotStatus: 0x65,
  xfrBlock: 0x6f,
  escape: 0x6b,
  getParameters: 0x6c,
  resetParameters: 0x6d,
  setParameters: 0x61,
} as const satisfies Record<CommandBody["type"], number>;
const replyTypes = { dataBlock: 0x80, slotStatus: 0x81, parameters: 0x82, escape: 0x83 } as const satisfies Record<
  ReplyBody["type"],
  number
>;
export const slotChangeType = 0x50;
export const isCommandType = (byte: number): boolean => commandOf(byte) !== null;
export const isReplyType = (byte: number): boolean => replyOf(byte) !== null;

const voltages: readonly Voltage[] = ["auto", "5V", "3V", "1.8V"];
const levels = { whole: 0x00, begin: 0x01, end: 0x02, middle: 0x03, goOn: 0x10 } as const satisfies Record<
  Level,
  number
>;
const iccStates = ["active", "inactive", "absent"] as const;
const commandStates = ["ok", "failed", "wait"] as const;

const keyOf = <K extends string>(table: Readonly<Record<K, number>>, value: number): K | null =>
  // Object.keys forgets the key type of the very table it is given.
  (Object.keys(table) as K[]).find((key) => table[key] === value) ?? null;
const commandOf = (byte: number): CommandBody["type"] | null => keyOf(commandTypes, byte);
const replyOf = (byte: number): ReplyBody["type"] | null => keyOf(replyTypes, byte);

function message(type: number, slot: number, seq: number, own: readonly number[], data: Uint8Array = none): Uint8Array {
  if (data.length > maxDataBytes) throw new RangeError(`a message holds ${maxDataBytes} bytes`);
  for (const byte of [slot, seq, ...own]) {
    if (!Number.isInteger(byte) || byte < 0 || byte > 0xff) throw new RangeError(`${byte} is no byte`);
  }
  const length = data.length;
  const header = [type, length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff, length >>> 24, slot, seq, ...own];
  return joined([Uint8Array.from(header), data]);
}
const none = new Uint8Array(0);

/** Throws RangeError when a number is no byte or the data is more than one message may hold. */
export function encodeCommand(command: Command): Uint8Array {
  const { slot, seq } = command;
  const type = commandTypes[command.type];
  switch (command.type) {
    case "iccPowerOn":
      return message(type, slot, seq, [voltages.indexOf(command.voltage), 0, 0]);
    case "iccPowerOff":
    case "getSlotStatus":
    case "getParameters":
    case "resetParameters":
      return message(type, slot, seq, [0, 0, 0]);
    case "xfrBlock":
      return message(type, slot, seq, [command.bwi, levels[command.level], 0], command.data);
    case "escape":
      return message(type, slot, seq, [0, 0, 0], command.data);
    case "setParameters":
      return message(type, slot, seq, [command.protocol, 0, 0], command.data);
  }
}

export function encodeReply(reply: ReaderMessage): Uint8Array {
  if (reply.type === "notifySlotChange") return encodeSlotChange(reply);
  const { slot, seq, status } = reply;
  const bits = iccStates.indexOf(status.icc) | (commandStates.indexOf(status.command) << 6);
  const type = replyTypes[reply.type];
  switch (reply.type) {
    case "dataBlock":
      return message(type, slot, seq, [bits, status.error, levels[reply.level]], reply.data);
    case "slotStatus":
      return message(type, slot, seq, [bits, status.error, reply.clock]);
    case "parameters":
      return message(type, slot, seq, [bits, status.error, reply.protocol], reply.data);
    case "escape":
      return message(type, slot, seq, [bits, status.error, 0], reply.data);
  }
}

function encodeSlotChange({ slots }: SlotChange): Uint8Array {
  const bytes = new Uint8Array(1 + slotChangeBytes(slots.length));
  bytes[0] = slotChangeType;
  for (const [slot, { present, changed }] of slots.entries()) {
    const at = 1 + (slot >> 2);
    const two = (present ? 1 : 0) | (changed ? 2 : 0);
    bytes[at] = (bytes[at] ?? 0) | (two << ((slot & 3) * 2));
  }
  return bytes;
}

/** Bytes after the type of a NotifySlotChange of a reader with so many slots. */
export const slotChangeBytes = (slots: number): number => Math.ceil(slots / 4);

interface Header {
  type: number;
  slot: number;
  seq: number;
  own: readonly [number, number, number];
  data: Uint8Array;
}

/** null: shorter or longer than its own dwLength says, or more than a message may hold. */
function headerOf(bytes: Uint8Array): Header | null {
  if (bytes.length < headerBytes || bytes.length !== headerBytes + dataLength(bytes)) return null;
  if (bytes.length - headerBytes > maxDataBytes) return null;
  const [type = 0, , , , , slot = 0, seq = 0, one = 0, two = 0, three = 0] = bytes;
  return { type, slot, seq, own: [one, two, three], data: bytes.slice(headerBytes) };
}

/** dwLength of a message whose header is there. */
export const dataLength = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(1, true);

/** One whole message. null: no command that this page knows. */
export function decodeCommand(bytes: Uint8Array): Command | null {
  const header = headerOf(bytes);
  const type = header === null ? null : commandOf(header.type);
  if (header === null || type === null) return null;
  const { slot, seq, own, data } = header;
  switch (type) {
    case "iccPowerOn": {
      const voltage = voltages[own[0]];
      return voltage === undefined || data.length > 0 ? null : { type, slot, seq, voltage };
    }
    case "iccPowerOff":
    case "getSlotStatus":
    case "getParameters":
    case "resetParameters":
      return data.length > 0 ? null : { type, slot, seq };
    case "xfrBlock": {
      const level = keyOf(levels, own[1]);
      return level === null || own[2] !== 0 ? null : { type, slot, seq, bwi: own[0], level, data };
    }
    case "escape":
      return { type, slot, seq, data };
    case "setParameters":
      return { type, slot, seq, protocol: own[0], data };
  }
}

/** One whole message. null: no reply that this page knows. */
export function decodeReply(bytes: Uint8Array): ReaderMessage | null {
  if (bytes[0] === slotChangeType) return decodeSlotChange(bytes);
  const header = headerOf(bytes);
  const type = header === null ? null : replyOf(header.type);
  if (header === null || type === null) return null;
  const { slot, seq, own, data } = header;
  const icc = iccStates[own[0] & 0x03];
  const command = commandStates[own[0] >> 6];
  if (icc === undefined || command === undefined) return null;
  const common = { slot, seq, status: { icc, command, error: own[1] } };
  switch (type) {
    case "dataBlock": {
      const level = keyOf(levels, own[2]);
      return level === null ? null : { type, ...common, level, data };
    }
    case "slotStatus":
      return data.length > 0 ? null : { type, ...common, clock: own[2] };
    case "parameters":
      return { type, ...common, protocol: own[2], data };
    case "escape":
      return { type, ...common, data };
  }
}

/** Four slots a byte: how many of them the reader has is not said. */
function decodeSlotChange(bytes: Uint8Array): SlotChange | null {
  if (bytes.length < 2) return null;
  const slots = [...bytes.subarray(1)].flatMap((byte) =>
    [0, 2, 4, 6].map((shift) => ({ present: ((byte >> shift) & 1) === 1, changed: ((byte >> shift) & 2) === 2 })),
  );
  return { type: "notifySlotChange", slots };
}

/** Is this the reply to that command (or its request to wait)? Every other one is late, or somebody else's. */
export const answers = (reply: Reply, command: Command): boolean =>
  reply.seq === command.seq && reply.slot === command.slot && replyTo(command.type).includes(reply.type);

function replyTo(type: CommandBody["type"]): readonly ReplyBody["type"][] {
  switch (type) {
    case "iccPowerOn":
    case "xfrBlock":
      return ["dataBlock"];
    case "iccPowerOff":
    case "getSlotStatus":
      return ["slotStatus"];
    case "escape":
      return ["escape"];
    case "getParameters":
    case "resetParameters":
    case "setParameters":
      return ["parameters"];
  }
}
