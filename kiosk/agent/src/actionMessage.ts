/** Reads what a screen sends; anything that is not an action of the contract is null. */
import { jsonObject, objectOf } from "@citygas/devices";
import type { Action, ActionMessage } from "./view.ts";

const plain = [
  "start",
  "notes",
  "back",
  "confirmInsert",
  "ok",
  "pay",
  "print",
  "done",
  "moreTime",
  "finish",
] as const satisfies readonly Action["do"][];
const keys = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ".", "backspace", "clear"] as const;

export function parseAction(text: string): ActionMessage | null {
  const message = jsonObject(text);
  const action = objectOf(message?.action);
  const seq = message?.seq;
  if (message?.type !== "action" || action === null || typeof seq !== "number") return null;
  const wanted = actionOf(action);
  return wanted === null ? null : { type: "action", seq, action: wanted };
}

function actionOf(action: Record<string, unknown>): Action | null {
  const name = action.do;
  if (name === "key") {
    const key = keys.find((known) => known === action.key);
    return key === undefined ? null : { do: "key", key };
  }
  if (name === "quick") {
    const value = action.value;
    return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? { do: "quick", value } : null;
  }
  const known = plain.find((each) => each === name);
  return known === undefined ? null : { do: known };
}
