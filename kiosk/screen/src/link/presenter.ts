/**
 * Keeps each screen up for at least 600 ms, so that nothing flashes by unread. Changes within a screen (a digit, a
 * countdown) are drawn at once. So is a view that locks the card, because that warning may not be late, and those that
 * say "paid, writing": they are said as soon as they are true, and a quick write must not hide them. Who has pressed
 * something has read the screen: what follows is drawn at once too.
 */
import type { ViewMessage } from "@citygas/kiosk-agent";

export const leastScreenMs = 600;
const mustBeSeen: ReadonlySet<string> = new Set(["writing", "resuming", "takingBack"]);

export interface PresenterOptions {
  draw(view: ViewMessage): void;
  /** Monotonic ms. */
  now(): number;
  /** Runs `run` after `delayMs`; the returned function takes that back. */
  later(run: () => void, delayMs: number): () => void;
}

export interface Presenter {
  /** Takes views as they arrive; of several that wait, only the newest is drawn. */
  take(view: ViewMessage): void;
  /** Something was pressed on the screen that is shown. */
  pressed(): void;
}

export function createPresenter(options: PresenterOptions): Presenter {
  let shown: ViewMessage | null = null;
  let changedAt = 0;
  let waiting: (() => void) | null = null;
  const draw = (view: ViewMessage): void => {
    if (shown?.screen.name !== view.screen.name) changedAt = options.now();
    shown = view;
    options.draw(view);
  };
  const take = (view: ViewMessage): void => {
    waiting?.();
    waiting = null;
    const rest = changedAt + leastScreenMs - options.now();
    const urgent = view.cardLocked && (shown?.cardLocked === false || mustBeSeen.has(view.screen.name));
    if (shown === null || urgent || rest <= 0 || shown.screen.name === view.screen.name) {
      draw(view);
      return;
    }
    waiting = options.later(() => {
      waiting = null;
      draw(view);
    }, rest);
  };
  return {
    take,
    pressed: () => {
      changedAt = Number.NEGATIVE_INFINITY;
    },
  };
}
