/** Registration that touches a guarded aggregate: load, change, commit; stale is done again a bounded number of times. */
import { type AccountState, type CardState, err, type Id, ok, type Posting, type Transition } from "@citygas/core";
import type { ServerContext } from "../context.ts";
import { conflict, missing, type Registered } from "./outcome.ts";

const triesMax = 5;

export interface Change<S> {
  state: S;
  postings?: Posting[];
}

/** Idempotency-Key of a request, scoped to its caller, and what the request said. */
export interface KeyedBy {
  key: string;
  fingerprint: string;
}

export interface ChangeOptions {
  event: { type: string };
  /** The same at each repetition of one request. */
  eventId?: Id;
  idempotency?: KeyedBy;
}

const noTasks = { add: [], drop: [] };

/** What `change` makes of the account, in one commit. null from `change`: nothing to do. */
export async function changeAccount(
  ctx: Pick<ServerContext, "store" | "now" | "newId">,
  accountId: Id,
  options: ChangeOptions,
  change: (account: AccountState) => Registered<Change<AccountState> | null>,
): Promise<Registered<AccountState>> {
  for (let tries = 1; tries <= triesMax; tries++) {
    const found = (await ctx.store.load([{ kind: "account", id: accountId }])).get("account", accountId);
    if (found === undefined) return missing("account");
    const wanted = change(found.state);
    // A request that was carried out before is no refusal, whatever the account looks like since.
    const subject = { kind: "account", id: accountId } as const;
    if (!wanted.ok) return (await wasDone(ctx, subject, options.eventId)) ? ok(found.state) : wanted;
    if (wanted.value === null) return ok(found.state);
    const { state, postings = [] } = wanted.value;
    const committed = await ctx.store.commit({
      ...head(ctx, options, { kind: "account", id: accountId }),
      writes: [{ kind: "account", id: accountId, expected: found.version, state }],
      postings,
    });
    if (committed.kind === "done") return ok(state);
    if (committed.kind === "replay")
      return committed.sameRequest ? ok(found.state) : err({ code: "request.keyReused" });
  }
  return err({ code: "server.unavailable" });
}

async function wasDone(
  ctx: Pick<ServerContext, "store">,
  subject: Transition["subject"],
  eventId: Id | undefined,
): Promise<boolean> {
  if (eventId === undefined) return false;
  const log = await ctx.store.events(subject);
  return log.some((each) => each.eventId === eventId);
}

/** The same for a card. */
export async function changeCard(
  ctx: Pick<ServerContext, "store" | "now" | "newId">,
  cardId: Id,
  options: ChangeOptions,
  change: (card: CardState) => Registered<CardState | null>,
): Promise<Registered<CardState>> {
  for (let tries = 1; tries <= triesMax; tries++) {
    const found = (await ctx.store.load([{ kind: "card", id: cardId }])).get("card", cardId);
    if (found === undefined) return missing("card");
    const wanted = change(found.state);
    const subject = { kind: "card", id: cardId } as const;
    if (!wanted.ok) return (await wasDone(ctx, subject, options.eventId)) ? ok(found.state) : wanted;
    if (wanted.value === null) return ok(found.state);
    const committed = await ctx.store.commit({
      ...head(ctx, options, subject),
      writes: [{ kind: "card", id: cardId, expected: found.version, state: wanted.value }],
    });
    if (committed.kind === "done") return ok(wanted.value);
    if (committed.kind === "replay")
      return committed.sameRequest ? ok(found.state) : err({ code: "request.keyReused" });
  }
  return err({ code: "server.unavailable" });
}

/** Commits something new; one that is there already (`stale`) was made by the same request before. */
export async function commitNew(
  ctx: Pick<ServerContext, "store" | "now" | "newId">,
  subject: Transition["subject"],
  options: ChangeOptions,
  writes: Transition["writes"],
): Promise<Registered> {
  const committed = await ctx.store.commit({ ...head(ctx, options, subject), writes });
  const taken = committed.kind === "replay" && !(committed.sameRequest && committed.subjectId === subject.id);
  return taken ? conflict("registered already") : ok(null);
}

function head(
  ctx: Pick<ServerContext, "now" | "newId">,
  { event, eventId, idempotency }: ChangeOptions,
  subject: Transition["subject"],
): Omit<Transition, "writes"> {
  return {
    eventId: eventId ?? ctx.newId(),
    at: ctx.now(),
    subject,
    event,
    guards: [],
    postings: [],
    tasks: noTasks,
    ...(idempotency === undefined ? {} : { idempotency }),
  };
}
