/**
 * The firmware of a motorised reader: commands by their two bytes (docs/devices.md). Blocks for memory cards go to the card
 * in the commands that this world's reader has for it, so a chip behaves alike whatever it lies in.
 */
import type { ChipKind } from "../../chip/chip.ts";
import { bytesOf } from "../../hex.ts";
import type { ReaderSlot } from "../slot.ts";
import type { CrtAnswer } from "./frames.ts";
import type { Motor } from "./motor.ts";

export const ERRORS = { unknown: "00", jam: "10", gone: "40", noAnswer: "60", noPower: "63" } as const;

const PLACES = { none: "00", atGate: "01", inside: "02" } as const;
const CARD_TYPES: Partial<Record<ChipKind, string>> = {
  cpu: "10",
  sle4442: "20",
  sle4428: "21",
  at24c01: "30",
  at24c02: "31",
  at24c16: "34",
};
const NOT_KNOWN = "00";
/** What a block to this chip is called. */
const BLOCKS: Partial<Record<ChipKind, string>> = {
  sle4442: "5333",
  sle4428: "5334",
  at24c01: "5433",
  at24c02: "5433",
  at24c16: "5433",
};
const SELECTS = { sle4442: "ffa400000106", sle4428: "ffa400000105", i2c: "ffa400000101" } as const;

const ascii = (text: string): number[] => [...Buffer.from(text, "latin1")];
const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString("hex");
const DONE = [0x90, 0x00];
const FAILED = [0x6f, 0x00];

export interface CrtFirmware {
  slot: Pick<ReaderSlot, "state" | "card" | "exchange">;
  motor: Motor;
}

/** Does this command write into the card? The part of it that comes before its data, and the data. */
export function writeOf(body: readonly number[]): { head: number[]; data: number[] } | null {
  const isBlock = Object.values(BLOCKS).includes(hex(body.slice(0, 2)));
  if (isBlock && body[3] === 0xd0) return { head: body.slice(0, 6), data: body.slice(7) };
  const isUpdate = body[0] === 0x51 && (body[1] === 0x33 || body[1] === 0x34) && body[3] === 0xd6;
  return isUpdate ? { head: [...body], data: [] } : null;
}

/** Carries a command out. */
export async function obey(body: readonly number[], { slot, motor }: CrtFirmware): Promise<CrtAnswer> {
  const [, , ...data] = body;
  const key = hex(body.slice(0, 2));
  if (motor.state.jammed) return ERRORS.jam;
  switch (key) {
    case "3033":
      return [];
    case "3330":
      motor.permit();
      return [];
    case "3130":
      return ascii(PLACES[motor.state.place]);
    case "3230":
      return motor.move("gate") ? [] : ERRORS.jam;
    case "3233":
      return motor.move("box") ? [] : ERRORS.jam;
  }
  const inside = motor.state.place === "inside" ? slot.state() : null;
  const chip = slot.card?.chip;
  if (inside === null || chip === undefined) return ERRORS.gone;
  const kind = inside.atr === null ? null : chip.kind;
  const toCard = async (command: readonly number[]): Promise<number[] | null> => {
    const result = await slot.exchange(inside.insertion, Uint8Array.from(command));
    return "response" in result ? [...bytesOf(result.response)] : null;
  };
  const selected = async (select: string): Promise<CrtAnswer> => {
    const answer = await toCard([...bytesOf(select)]);
    motor.powered = answer !== null && hex(answer) === "9000";
    return motor.powered ? [...bytesOf(inside.atr?.slice(4) ?? "")] : ERRORS.noAnswer;
  };
  switch (key) {
    case "5030":
      return ascii((kind !== null && CARD_TYPES[kind]) || NOT_KNOWN);
    case "5130":
      if (kind !== "cpu") return ERRORS.noAnswer;
      chip.powerOff();
      motor.powered = true;
      return [0x30, ...bytesOf(inside.atr ?? "")];
    case "5330":
      return kind === "sle4442" || kind === "sle4428" ? await selected(SELECTS[kind]) : ERRORS.noAnswer;
    case "5430": {
      const isAsked = kind?.startsWith("at24c") === true && CARD_TYPES[kind] === hex(data.slice(0, 1));
      if (!isAsked) return ERRORS.noAnswer;
      const answer = await selected(SELECTS.i2c);
      return typeof answer === "string" ? answer : [];
    }
    case "5131":
    case "5331":
    case "5431":
      motor.powered = false;
      chip.powerOff();
      return [];
    case "5133":
      if (kind !== "cpu" || !motor.powered) return ERRORS.noPower;
      return (await toCard(data)) ?? ERRORS.gone;
  }
  if (kind === null || BLOCKS[kind] !== key) return ERRORS.unknown;
  if (!motor.powered) return FAILED;
  const command = acsOf(kind, data);
  if (command === null) return [0x6d, 0x00];
  const answer = await toCard(command);
  return answer === null ? ERRORS.gone : blockAnswer(data, answer);
}

/** The same in the commands of ACS; null: none of them. */
function acsOf(kind: ChipKind, [, ins, p1 = 0, p2 = 0, length = 0, ...data]: readonly number[]): number[] | null {
  const isSecurity = kind === "sle4442" && p1 === 2;
  if (ins === 0xb0) return isSecurity ? [0xff, 0xb1, 0, 0, 4] : [0xff, 0xb0, p1, p2, length];
  if (ins === 0xd0 && isSecurity) return p2 === 1 ? [0xff, 0xd2, 0, 1, length, ...data] : null;
  if (ins === 0xd0) return [0xff, 0xd0, p1, p2, length, ...data];
  return ins === 0x20 ? [0xff, 0x20, 0, 0, length, ...data] : null;
}

function blockAnswer([, ins, , , length = 0]: readonly number[], answer: readonly number[]): number[] {
  const [sw1 = 0, sw2 = 0] = answer.slice(-2);
  if (ins === 0x20 && sw1 === 0x90) return sw2 === 0x00 ? [0x6f, 0x02] : isFull(sw2) ? DONE : [0x6f, 0x01];
  if (sw1 === 0x90) return [...answer.slice(0, -2).slice(0, length), ...DONE];
  return sw1 === 0x6b ? [sw1, sw2] : FAILED;
}

/** All tries are there again: of an SLE4442 three bits, of an SLE4428 eight. */
const isFull = (counter: number): boolean => counter === 0x07 || counter === 0xff;
