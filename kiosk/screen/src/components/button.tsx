import type { Action } from "@citygas/kiosk-agent";
import type { ComponentChildren, JSX } from "preact";
import { useKiosk } from "../kiosk.ts";

export interface ButtonProps {
  action: Action;
  kind?: "primary" | "plain" | "key";
  busy?: boolean;
  label?: string;
  class?: string;
  children?: ComponentChildren;
}

/** Everything that can be pressed. While the card is locked nothing can. */
export function Button(props: ButtonProps): JSX.Element {
  const { act, locked } = useKiosk();
  const { action, kind = "plain", busy = false } = props;
  return (
    <button
      type="button"
      class={`button ${kind} ${props.class ?? ""}`}
      disabled={locked || busy}
      {...(props.label === undefined ? {} : { "aria-label": props.label })}
      data-do={action.do}
      onClick={() => act(action)}
    >
      {props.children}
    </button>
  );
}
