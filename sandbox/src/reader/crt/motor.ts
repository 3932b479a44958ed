/**
 * What is inside a motorised reader: the way of the card, and its power. A card that is put in is drawn in when the reader
 * was told to let cards in, and waits at the gate otherwise; one that was given back waits there until it is taken. When the
 * supply fails the card stays where it is ("keep the card" is the reader's own setting), and nobody is let in any more.
 */
import type { ReaderSlot } from "../slot.ts";

export type CardPlace = "none" | "atGate" | "inside";
export interface MotorState {
  place: CardPlace;
  jammed: boolean;
}

export interface Motor {
  readonly state: MotorState;
  /** The card inside has power. */
  powered: boolean;
  /** The slot has another card, or none. */
  slotChanged(): void;
  permit(): void;
  /** To the gate, or into the box of captured cards. False: it sticks, until somebody takes it out by hand. */
  move(to: "gate" | "box"): boolean;
  /** The supply is gone and comes back. */
  restart(): void;
}

export interface MotorDeps {
  slot: Pick<ReaderSlot, "state" | "card" | "remove">;
  /** Does the card stick in this movement? */
  jams(): boolean;
  /** The card has another place, or sticks. */
  moved(): void;
}

export function crtMotor({ slot, jams, moved }: MotorDeps): Motor {
  let insertion: number | null = null;
  let place: CardPlace = "none";
  let jammed = false;
  let permitted = false;
  let givenBack = false;

  const powerOff = (): void => {
    motor.powered = false;
    slot.card?.chip.powerOff();
  };
  const drawIn = (): void => {
    if (place !== "atGate" || !permitted || givenBack) return;
    place = "inside";
    moved();
  };
  const motor: Motor = {
    powered: false,
    get state() {
      return { place, jammed };
    },
    slotChanged: () => {
      const now = slot.state()?.insertion ?? null;
      if (now === insertion) return;
      insertion = now;
      place = now === null ? "none" : "atGate";
      jammed = false;
      givenBack = false;
      motor.powered = false;
      drawIn();
      moved();
    },
    permit: () => {
      permitted = true;
      drawIn();
    },
    move: (to) => {
      if (place !== "inside") return true;
      powerOff();
      if (jams()) {
        jammed = true;
        moved();
        return false;
      }
      if (to === "box") slot.remove();
      else {
        place = "atGate";
        givenBack = true;
        moved();
      }
      return true;
    },
    restart: () => {
      powerOff();
      permitted = false;
    },
  };
  motor.slotChanged();
  return motor;
}
