/**
 * The part of the screen that changes: what you must know (left two thirds), what you must do (right third), and the
 * bar at the bottom: 返回 left, display and voice in the middle, the one main button right.
 */
import type { Action } from "@citygas/kiosk-agent";
import type { ComponentChildren, JSX } from "preact";
import { useKiosk } from "../kiosk.ts";
import { Button } from "./button.tsx";
import { CardGlyph } from "./icons.tsx";
import { Tools } from "./tools.tsx";

export interface BarButton {
  text: string;
  action: Action;
  busy?: boolean;
}
export interface StageProps {
  children: ComponentChildren;
  /** The right third; without it the left part takes the whole width. */
  side?: ComponentChildren;
  left?: BarButton | null;
  right?: BarButton | null;
  class?: string;
}

export function Stage(props: StageProps): JSX.Element {
  const { locked } = useKiosk();
  return (
    <>
      <main class={`stage ${props.side ? "two" : "one"} ${props.class ?? ""}`}>
        <div class="know">{props.children}</div>
        {props.side && <div class="act">{props.side}</div>}
      </main>
      {locked ? <LockedBar /> : <Bar left={props.left ?? null} right={props.right ?? null} />}
    </>
  );
}

function Bar({ left, right }: { left: BarButton | null; right: BarButton | null }): JSX.Element {
  const { t, slow } = useKiosk();
  return (
    <footer class="bar">
      <div class="bar-left">{left && <Button {...withoutText(left)}>{left.text}</Button>}</div>
      <Tools />
      <div class="bar-right">
        {right && (
          <Button {...withoutText(right)} kind="primary">
            {right.busy || slow ? t.frame.processing : right.text}
          </Button>
        )}
      </div>
    </footer>
  );
}

function withoutText({ action, busy }: BarButton): { action: Action; busy: boolean } {
  return { action, busy: busy ?? false };
}

/** In place of the buttons while the card must stay in. */
function LockedBar(): JSX.Element {
  const { t } = useKiosk();
  return (
    <footer class="bar locked-bar">
      <CardGlyph />
      <strong>{t.frame.locked}</strong>
    </footer>
  );
}
