/** Keys of a keyboard do what the screen's buttons do. A payment code never comes this way: the scanner is the agent's. */
import type { Action, Screen } from "@citygas/kiosk-agent";

type Key = Extract<Action, { do: "key" }>["key"];
const keys: Readonly<Record<string, Key>> = {
  ...Object.fromEntries(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "."].map((key) => [key, key])),
  Backspace: "backspace",
  Delete: "clear",
} as Record<string, Key>; // fromEntries forgets that names and values are keys

/**
 * The action of a pressed key on this screen, or null. `onButton`: the focus is on a button, which then answers Enter
 * by itself.
 */
export function keyAction(key: string, screen: Screen, onButton: boolean): Action | null {
  if (screen.name === "account") {
    const pressed = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (pressed !== undefined) return { do: "key", key: pressed };
  }
  if (key === "Escape") return backOf(screen);
  if (key === "Enter" && !onButton) return mainOf(screen);
  return null;
}

function backOf(screen: Screen): Action | null {
  const names: readonly Screen["name"][] = ["notes", "insertCard", "account", "confirm", "pay"];
  return names.includes(screen.name) ? { do: "back" } : null;
}

/** What the main button of a screen does. Paying is left to a deliberate press on its button. */
function mainOf(screen: Screen): Action | null {
  if (screen.name === "insertCard") return { do: "confirmInsert" };
  if (screen.name === "account") return { do: "ok" };
  return null;
}
