/** bError, in words (CCID 1.1, table 6.2-2). */
export type CcidError =
  | "mute"
  | "parity"
  | "overrun"
  | "hardware"
  | "badAtr"
  | "protocol"
  | "procedureByte"
  | "busyAutoSequence"
  | "slotBusy"
  | "unsupported"
  | "badSlot"
  | "badParameter"
  | "aborted"
  /** Of the maker, or of nobody. */
  | "other";

const words: Readonly<Record<number, CcidError>> = {
  255: "aborted",
  254: "mute",
  253: "parity",
  252: "overrun",
  251: "hardware",
  248: "badAtr",
  247: "badAtr",
  246: "protocol",
  245: "protocol",
  244: "procedureByte",
  243: "protocol",
  242: "busyAutoSequence",
  224: "slotBusy",
  0: "unsupported",
  5: "badSlot",
};

/** 1 to 127 (but 5, the slot) point at the byte of the command that the reader did not like. */
export function ccidError(bError: number): CcidError {
  const word = words[bError];
  if (word !== undefined) return word;
  return bError >= 1 && bError <= 0x7f ? "badParameter" : "other";
}

/** The reader itself is well and the card isn't: it is not there, doesn't answer, or its contacts are bad. */
export const isOfCard = (error: CcidError): boolean =>
  ["mute", "parity", "overrun", "badAtr", "protocol", "procedureByte"].includes(error);
