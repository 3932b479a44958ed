/** A screen that tells one thing: what happened, what it means for the money, what to do now. */

import { fill } from "@citygas/texts";
import type { ComponentChildren, JSX } from "preact";
import { useKiosk } from "../kiosk.ts";
import { Button } from "./button.tsx";
import { type Tone, ToneIcon } from "./icons.tsx";
import { type BarButton, Stage } from "./stage.tsx";

export interface MessageProps {
  tone: Tone;
  title: ComponentChildren;
  /** Over the title, e.g. 请勿二次购气. */
  warning?: string;
  children?: ComponentChildren;
  side?: ComponentChildren;
  /** For the hotline. */
  code?: string | null;
  number?: string | null;
  ok?: BarButton | null;
  left?: BarButton | null;
}

export function Message(props: MessageProps): JSX.Element {
  return (
    <Stage side={props.side} left={props.left ?? null} right={props.ok ?? null} class="message">
      <div class={`story ${props.tone}`}>
        <ToneIcon tone={props.tone} size={112} />
        <h1 tabIndex={-1}>{props.title}</h1>
        {props.warning !== undefined && <p class="warning">{props.warning}</p>}
        {props.children}
        <References number={props.number ?? null} code={props.code ?? null} />
      </div>
    </Stage>
  );
}

/** The same as a dialog with its 确定 inside, where the manual shows one. */
export function Dialog(props: MessageProps): JSX.Element {
  return (
    <Stage class="dialog-ground">
      <div class={`dialog ${props.tone}`} role="alertdialog" aria-labelledby="dialog-title">
        <div class="dialog-body">
          <ToneIcon tone={props.tone} size={112} />
          <div class="dialog-text">
            <h1 id="dialog-title" tabIndex={-1}>
              {props.title}
            </h1>
            {props.children}
            <References number={props.number ?? null} code={props.code ?? null} />
          </div>
          {props.side}
        </div>
        {props.ok && (
          <Button kind="primary" action={props.ok.action} busy={props.ok.busy ?? false}>
            {props.ok.text}
          </Button>
        )}
      </div>
    </Stage>
  );
}

/** Purchase number and hotline code, for whoever has to call. */
export function References({
  number,
  code = null,
}: {
  number: string | null;
  code?: string | null;
}): JSX.Element | null {
  const { t } = useKiosk();
  if (number === null && code === null) return null;
  return (
    <p class="references">
      {number !== null && (
        <span>
          {t.frame.number} <strong>{number}</strong>
        </span>
      )}
      {code !== null && <span>{fill(t.frame.code, { code })}</span>}
    </p>
  );
}
