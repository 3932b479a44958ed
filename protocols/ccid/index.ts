/** CCID message framing for any byte link: messages, reassembly, and what one command takes. Pure; no Node import. */

export { type CcidError, ccidError, isOfCard } from "./src/errors.ts";
export {
  type Exchange,
  escapeCommand,
  type Outcome,
  powerCycle,
  powerOff,
  powerOn,
  shortBlockBytes,
  slotStatus,
  transmit,
} from "./src/exchange.ts";
export {
  answers,
  type Command,
  type CommandBody,
  decodeCommand,
  decodeReply,
  encodeCommand,
  encodeReply,
  headerBytes,
  type Level,
  maxDataBytes,
  type ReaderMessage,
  type Reply,
  type ReplyBody,
  type SlotChange,
  type SlotStatus,
  type Voltage,
} from "./src/messages.ts";
export { inChunks, type Reassembler, type ReassemblyOptions, reassembler } from "./src/reassembly.ts";
