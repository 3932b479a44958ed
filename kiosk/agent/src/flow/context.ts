/** What a rule works on during one step, and the few moves every rule makes. */
import type { PurchaseView } from "@citygas/api";
import type { VoicePrompt } from "../view.ts";
import { times } from "./times.ts";
import type { Effect, FlowState, Sold, Stage, StepInput } from "./types.ts";

/**
 * `state` is this step's own shallow copy: rules assign its fields and replace nested values whole, so the state the
 * step was given never changes.
 */
export interface Ctx extends StepInput {
  state: FlowState;
  effects: Effect[];
}

export interface Entering {
  voice?: VoicePrompt;
  amountFen?: number;
  limitMs?: number;
  /** May the customer ask for more time? */
  soft?: boolean;
}

/** Enters a stage: a new epoch, its own limit, and nothing awaited any more. */
export function go(c: Ctx, stage: Stage, entering: Entering = {}): void {
  const { limitMs } = entering;
  c.state.stage = stage;
  c.state.epoch += 1;
  c.state.awaiting = null;
  c.state.askMoreTime = false;
  c.state.limit =
    limitMs === undefined
      ? null
      : { until: c.now + limitMs, totalMs: limitMs, soft: entering.soft ?? false, calls: false };
  if (entering.voice === undefined) c.state.voice = null;
  else say(c, entering.voice, entering.amountFen);
}

export function say(c: Ctx, prompt: VoicePrompt, amountFen?: number): void {
  // The epoch alone would repeat within a stage; the reference counter never does.
  const nonce = c.state.nextRef;
  c.state.nextRef += 1;
  c.state.voice = { prompt, nonce, ...(amountFen === undefined ? {} : { amountFen }) };
}

/** Makes a request and waits for its answer; whatever was awaited before is late from now on. */
export function request(c: Ctx, make: (ref: number) => Effect): void {
  const ref = c.state.nextRef;
  c.state.nextRef += 1;
  c.state.awaiting = ref;
  c.effects.push(make(ref));
}
/** Makes a request whose answer no stage waits for. */
export function send(c: Ctx, make: (ref: number) => Effect): void {
  c.effects.push(make(c.state.nextRef));
  c.state.nextRef += 1;
}

/** Where a customer goes who is done: home, or to their card if it is still in. */
export function leave(c: Ctx): void {
  unwatch(c);
  if (c.state.card === null) go(c, { name: "home" });
  else go(c, { name: "takeCard", callAt: c.now + times.callMs }, { voice: "takeCard" });
}

export function watch(c: Ctx, purchase: PurchaseView): void {
  if (c.state.watching === purchase.id) return;
  c.state.watching = purchase.id;
  c.effects.push({ do: "watch", purchaseId: purchase.id, after: purchase.version });
}
export function unwatch(c: Ctx): void {
  if (c.state.watching === null) return;
  c.state.watching = null;
  c.effects.push({ do: "unwatch" });
}

/** From the confirmation on, the purchase may lead to money or gas: it must survive the agent's death. */
export function open(c: Ctx, purchase: PurchaseView): void {
  if (c.state.ours?.purchaseId === purchase.id) return;
  c.state.ours = { purchaseId: purchase.id, number: purchase.number };
  c.effects.push({ do: "journal", entry: { kind: "purchaseOpened", ...c.state.ours } });
}
export function close(c: Ctx, purchaseId: string): void {
  if (c.state.ours?.purchaseId !== purchaseId) return;
  c.state.ours = null;
  c.effects.push({ do: "journal", entry: { kind: "purchaseClosed", purchaseId } });
}

export function soldOf(purchase: PurchaseView): Sold {
  return {
    purchaseId: purchase.id,
    number: purchase.number,
    delivers: purchase.breakdown.delivers,
    url: purchase.url,
  };
}

/** A receipt is not offered where none can come out. */
export function canPrint({ paper }: FlowState): boolean {
  return paper === "ok" || paper === "low";
}

export function inService(state: FlowState): boolean {
  const { reader, scanner, server, paired } = state.up;
  return reader && scanner && server && paired && state.config !== null;
}
