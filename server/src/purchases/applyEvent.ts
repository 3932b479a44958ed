/**
 * The one road on which a purchase changes: load, decide, compose, commit. Stale means that something moved since the
 * load: everything is loaded and decided again, a bounded number of times.
 */
import {
  type Attempt,
  compose,
  type Guard,
  type Id,
  type Instant,
  type LoggedEvent,
  ok,
  type Purchase,
  type Result,
  type Transition,
  type Write,
} from "@citygas/core";
import { loadBundle, type OpenBundle } from "./bundle.ts";
import { ofCompose, type Refused, refused } from "./refused.ts";
import type { SaleContext } from "./sale.ts";

const triesMax = 5;

/** A request that may be repeated: its key, and the event it makes, the same at each repetition. */
export interface KeyedRequest {
  eventId: Id;
  key: string;
  fingerprint: string;
}

export interface Applied {
  purchase: Purchase;
  version: number;
  /** Those that were loaded or changed. */
  attempts: ReadonlyMap<Id, Attempt>;
  /** `none`: it was decided that nothing is to be done. `replay`: this request was carried out before, by `event`. */
  done: "now" | "none" | "replay";
  event: LoggedEvent | null;
}

export type Decision =
  /** `claims`: things written back as they are, so that of two decisions on them at once only one lands. */
  | { do: "commit"; event: LoggedEvent; guards?: readonly Guard[]; claims?: readonly Write[] }
  | { do: "nothing" }
  | { do: "refuse"; refused: Refused };

/** What a purchase's change needs; who is told of the commit is needed only where work may be due at once. */
export type ApplyContext = Pick<SaleContext, "store" | "now" | "newId" | "settings" | "log"> &
  Partial<Pick<SaleContext, "committed">>;

export interface ApplyOptions {
  attemptId?: Id;
  request?: KeyedRequest;
}

/** Puts what `decide` makes of the purchase into one commit. `decide` may be called several times, each on fresh state. */
export async function applyEvent(
  sale: ApplyContext,
  purchaseId: Id,
  decide: (bundle: OpenBundle, now: Instant) => Decision,
  options: ApplyOptions = {},
): Promise<Result<Applied, Refused>> {
  const { request } = options;
  for (let tries = 1; tries <= triesMax; tries++) {
    const bundle = await loadBundle(sale.store, purchaseId, options.attemptId);
    if (bundle === undefined) return refused("purchase.notFound");
    const now = sale.now();
    const decision = decide(bundle, now);
    if (decision.do === "nothing") return ok(unchanged(bundle, "none", null));
    if (decision.do === "refuse") return await orReplay(sale, bundle, request, decision.refused);
    const composed = compose({
      bundle,
      event: decision.event,
      eventId: request?.eventId ?? sale.newId(),
      now,
      settings: { finishMs: sale.settings.finishMs },
      ...(request === undefined ? {} : { idempotency: { key: request.key, fingerprint: request.fingerprint } }),
    });
    if (!composed.ok) return await orReplay(sale, bundle, request, ofCompose(composed.error));
    const { transition, purchase } = composed.value;
    const committed = await sale.store.commit({
      ...transition,
      writes: withClaims(transition.writes, decision.claims ?? []),
      guards: [...transition.guards, ...(decision.guards ?? [])],
    });
    switch (committed.kind) {
      case "done":
        sale.committed?.(transition);
        return ok({
          purchase,
          version: bundle.purchase.version + 1,
          attempts: attemptsAfter(bundle, transition),
          done: "now",
          event: decision.event,
        });
      case "replay":
        return committed.sameRequest
          ? await orReplay(sale, bundle, request, { code: "request.keyReused" })
          : refused("request.keyReused");
      case "stale":
        break;
    }
  }
  sale.log.warn({ purchaseId }, "purchase changed under every try");
  return refused("server.unavailable");
}

/** What the event itself writes needs no claim. */
function withClaims(writes: readonly Write[], claims: readonly Write[]): Write[] {
  const written = (claim: Write): boolean => writes.some(({ kind, id }) => kind === claim.kind && id === claim.id);
  return [...writes, ...claims.filter((claim) => !written(claim))];
}

/**
 * For tasks. Refused is an end: what the task was for has moved on. Not decided is none, so it throws, and the task
 * comes back; forgotten, its purchase would wait for ever (I12).
 */
export function decided(applied: Result<Applied, Refused>): boolean {
  if (!applied.ok && applied.error.code === "server.unavailable") throw new Error("purchase changed under every try");
  return applied.ok;
}

/** A request that was carried out before is no refusal, whatever state it has led to since. */
async function orReplay(
  sale: ApplyContext,
  bundle: OpenBundle,
  request: KeyedRequest | undefined,
  refusal: Refused,
): Promise<Result<Applied, Refused>> {
  if (request === undefined) return { ok: false, error: refusal };
  const log = await sale.store.events({ kind: "purchase", id: bundle.purchase.state.id });
  const before = log.find(({ eventId }) => eventId === request.eventId);
  if (before === undefined) return { ok: false, error: refusal };
  const fresh = (await loadBundle(sale.store, bundle.purchase.state.id)) ?? bundle;
  return ok(unchanged(fresh, "replay", loggedEvent(before.event)));
}

/** The log of a purchase holds nothing but what `compose` put there. */
export function loggedEvent(event: { type: string }): LoggedEvent {
  if (event.type !== "purchase" && event.type !== "attempt") throw new Error(`not a purchase's event: ${event.type}`);
  return event as LoggedEvent;
}

const unchanged = (bundle: OpenBundle, done: Applied["done"], event: LoggedEvent | null): Applied => ({
  purchase: bundle.purchase.state,
  version: bundle.purchase.version,
  attempts: new Map(bundle.attempts.map(({ state }) => [state.id, state])),
  done,
  event,
});

function attemptsAfter(bundle: OpenBundle, { writes }: Transition): ReadonlyMap<Id, Attempt> {
  const attempts = new Map(bundle.attempts.map(({ state }) => [state.id, state]));
  for (const write of writes) if (write.kind === "attempt") attempts.set(write.id, write.state);
  return attempts;
}
