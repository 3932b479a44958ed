/**
 * Keeps each screen up for at least 600 ms, so that nothing flashes by unread. Changes within a screen (a digit, a
 * countdown) are drawn at once. So is a view that locks the card, because that warning may not be late, and those that
 * say "paid, writing": they are said as soon as they are true, and a quick write must not hide them.
 */
import type { ViewMessage } from "@citygas/kiosk-agent";

export const leastScreenMs = 600;
const mustBeSeen: ReadonlySet<string> = new Set(["writing", "resuming"]);

export interface PresenterOptions {
  draw(view: ViewMessage): void;
  /** Monotonic ms. */
  now(): number;
  /** Runs `run` after `delayMs`; the returned function takes that back. */
  later(run: () => void, delayMs: number): () => void;
}

/** Returns the function that takes views as they arrive; of several that wait, only the newest is drawn. */
export function createPresenter(options: PresenterOptions): (view: ViewMessage) => void {
  let shown: ViewMessage | null = null;
  let changedAt = 0;
  let waiting: (() => void) | null = null;
  const draw = (view: ViewMessage): void => {
    if (shown?.screen.name !== view.screen.name) changedAt = options.now();
    shown = view;
    options.draw(view);
  };
  return (view) => {
    waiting?.();
    waiting = null;
    const rest = changedAt + leastScreenMs - options.now();
    const urgent = view.cardLocked && (shown?.cardLocked === false || mustBeSeen.has(view.screen.name));
    if (shown === null || urgent || rest <= 0 || shown.screen.name === view.screen.name) return draw(view);
    waiting = options.later(() => {
      waiting = null;
      draw(view);
    }, rest);
  };
}
