/** Wrong rules in the centre: what it keeps, when, and what it believes of a card. */
import { purchaseTable, type Transition } from "@citygas/core";
import { type LayoutFacts, openBMoney, openBVolume } from "@citygas/gascard";
import { type CommitResult, type Grant, type LoadedRow, loaded, type Store } from "@citygas/server";
import type { WorldStore } from "../world/store.ts";
import type { World } from "../world/world.ts";
import { patch, type Sabotage } from "./sabotage.ts";

export const store = (
  name: string,
  about: string,
  change: (base: WorldStore, world: World) => Partial<Store>,
  blind: Sabotage["blind"] = [],
): Sabotage => ({
  name,
  about,
  blind,
  seam: () => ({ store: (base, world) => ({ ...base, ...change(base, world) }) }),
});

const eventOf = (t: Transition): string => {
  const { event } = t as { event: { type: string; event?: { type: string } } };
  return event.event?.type ?? event.type;
};
const purchaseOf = (t: Transition) =>
  t.writes.flatMap((write) => (write.kind === "purchase" ? [write.state] : [])).at(0);

/** Says that it was done, and does it when the next commit comes: gone if the process dies, late in any case. */
export function acknowledgedEarly(name: string, about: string, which: string): Sabotage {
  return store(name, about, (base) => {
    let held: Transition | null = null;
    const flush = async (): Promise<void> => {
      const waiting = held;
      held = null;
      if (waiting !== null) await base.commit(waiting);
    };
    return {
      commit: async (transition): Promise<CommitResult> => {
        await flush();
        if (eventOf(transition) !== which) return await base.commit(transition);
        held = transition;
        return { kind: "done" };
      },
    };
  });
}

/** What services load is not what is stored. */
export const loadsChanged = (base: WorldStore, change: (row: LoadedRow) => LoadedRow): Partial<Store> => ({
  load: async (refs) =>
    loaded(
      refs.flatMap(({ kind, id }) => {
        const row = base.peek(kind, id);
        return row === undefined ? [] : [change({ kind, id, version: row.version, state: row.state })];
      }),
    ),
});

export const centreSabotages: readonly Sabotage[] = [
  acknowledgedEarly("intentNotDurable", "a payment leaves before the row that says so is on the disk", "submitted"),
  acknowledgedEarly("scriptNotDurable", "a script leaves before its images are on the disk", "scriptIssued"),
  store(
    "commitWithoutGuard",
    "a commit overwrites whatever version is there",
    (base) => ({
      commit: (t) =>
        base.commit({
          ...t,
          guards: [],
          writes: t.writes.map((write) => ({ ...write, expected: base.peek(write.kind, write.id)?.version ?? 0 })),
        }),
    }),
    ["I8"],
  ),
  store("finishWithoutLease", "a task is struck off by whoever thinks that it was his", (base) => ({
    finish: async ({ kind, ref }) => base.forget(kind, ref),
  })),
  store(
    "tasksBesideTheCommit",
    "tasks are written after the commit, and now and then the process dies between",
    (base, world) => ({
      commit: (t) =>
        base.commit(world.scheduler.fiber().rng.chance(20) ? { ...t, tasks: { add: [], drop: t.tasks.drop } } : t),
    }),
  ),
  store("twoOpenPurchases", "nobody looks whether the card has an open purchase", (base) =>
    loadsChanged(base, (row) =>
      row.kind === "card" || row.kind === "meter" ? { ...row, state: { ...row.state, openPurchaseId: null } } : row,
    ),
  ),
  store("plainRewritten", "a card of class C is written again without asking what its meter took off it", (base) =>
    loadsChanged(base, (row) =>
      "cardClass" in row.state && row.state.cardClass === "C"
        ? { ...row, state: { ...row.state, cardClass: "B" } }
        : row,
    ),
  ),
  store("noIdempotencyKey", "a request that arrives a second time is a new one", (base, world) => {
    // A commit that is sent again because its answer was lost is no second request.
    const names = new WeakMap<Transition, string>();
    return {
      commit: (t) => {
        if (t.idempotency === undefined) return base.commit(t);
        const { idempotency: _, ...rest } = t;
        const eventId = names.get(t) ?? world.newId();
        names.set(t, eventId);
        return base.commit({ ...rest, eventId });
      },
    };
  }),
  store(
    "repricedWhenPaid",
    "amounts are worked out anew when the money is in",
    (base) => ({
      commit: (t) =>
        base.commit({
          ...t,
          writes: t.writes.map((write) =>
            write.kind === "purchase" && write.state.state === "paid"
              ? {
                  ...write,
                  state: {
                    ...write.state,
                    breakdown: { ...write.state.breakdown, goodsFen: write.state.breakdown.goodsFen + 1 },
                  },
                }
              : write,
          ),
        }),
    }),
    ["I8"],
  ),
  store(
    "tierNotCharged",
    "a hold on tier volume is released when the purchase is void, and forgotten when it is delivered",
    (base) => ({
      commit: (t) =>
        base.commit(
          purchaseOf(t)?.state === "delivered" ? { ...t, writes: t.writes.filter(({ kind }) => kind !== "tier") } : t,
        ),
    }),
  ),
  store("holdNotReleased", "a void purchase keeps its hold on the balance", (base) => ({
    commit: (t) =>
      base.commit(
        purchaseOf(t)?.state === "void" ? { ...t, writes: t.writes.filter(({ kind }) => kind !== "account") } : t,
      ),
  })),
  store("loggedInSeconds", "the log keeps the time of an event in whole seconds", (base) => ({
    commit: (t) => base.commit({ ...t, at: t.at - (t.at % 1_000) }),
  })),
  store("drawerClosedTakes", "notes are booked into a drawer, whether its shift is over or not", (base, world) =>
    loadsChanged(base, (row) =>
      row.id === world.till.drawerId && row.kind === "account" ? { ...row, state: { ...row.state, block: null } } : row,
    ),
  ),
  store("notesBookedAgain", "notes whose booking was not answered are booked a second time", (base, world) => ({
    commit: async (t) => {
      const done = await base.commit(t);
      if (done.kind !== "replay" || eventOf(t) !== "taken") return done;
      const drawer = t.writes.find(({ id }) => id === world.till.drawerId);
      if (drawer?.kind !== "account") return done;
      const { idempotency: _, ...rest } = t;
      const { kind, id, state } = drawer;
      const write = { kind, id, state, expected: base.peek(kind, id)?.version ?? 0 };
      const again = { ...rest, subject: { kind, id }, eventId: world.newId(), writes: [write], guards: [] };
      await base.commit({ ...again, tasks: { add: [], drop: [] } });
      return done;
    },
  })),
  store("leftOverForgotten", "what was left in a meter that is replaced stays in it", (base) => ({
    commit: (t) =>
      base.commit(
        eventOf(t) !== "meterReplaced"
          ? t
          : {
              ...t,
              writes: t.writes.map((write) => {
                if (write.kind !== "account") return write;
                const { carried: _, ...state } = write.state;
                return { ...write, state };
              }),
            },
      ),
  })),
  store("openLeftBehind", "a purchase that is open stays with the meter that is taken off the wall", (base) => ({
    commit: (t) =>
      base.commit(
        eventOf(t) !== "meterReplaced"
          ? t
          : {
              ...t,
              writes: t.writes.map((write) =>
                write.kind === "card" ? { ...write, state: { ...write.state, openPurchaseId: null } } : write,
              ),
            },
      ),
  })),
  {
    name: "meterNotAsked",
    about: "a meter that is replaced is not asked what it took: all that was sent counts as taken",
    seam: () => ({
      decisions: (base) => ({
        ...base,
        propose: (staff, wanted, key) => {
          const { kind, doc } = wanted;
          const silent = kind === "meter.replace" && typeof doc === "object" ? { ...doc, word: null } : doc;
          return base.propose(staff, { ...wanted, doc: silent }, key);
        },
      }),
    }),
  },
  {
    name: "oneIsTwo",
    about: "whoever logs in a second time is a second person",
    seam: () => ({
      decisions: (base) => ({
        ...base,
        confirm: (staff, id, words) => base.confirm({ ...staff, id: `${staff.id} again` }, id, words),
      }),
    }),
  },
  {
    name: "grantUsedAgain",
    rare: true,
    about: "what two people allowed once is allowed as long as it has not lapsed",
    seam: () => ({
      context: (base) => {
        const given = new Map<string, Grant>();
        return {
          ...base,
          grantOf: async (purchase) => {
            const grant = (await base.grantOf?.(purchase)) ?? given.get(purchase.id);
            if (grant !== undefined) given.set(purchase.id, grant);
            return grant;
          },
        };
      },
    }),
  },
  {
    name: "missedTooSoon",
    about: "a kiosk is taken for gone by a heartbeat that was written down long ago",
    seam: () => ({
      context: (base) => ({
        ...base,
        terminalSeenAt: async (id) => {
          const heardAt = (await base.terminalSeenAt?.(id)) ?? null;
          return heardAt === null ? null : heardAt - 20_000;
        },
      }),
    }),
  },
  {
    name: "stalePrice",
    about: "the price that a server once read stays good",
    seam: () => ({
      context: (base, world) => ({
        ...base,
        registry: {
          ...base.registry,
          customer: async (id) => {
            const found = await base.registry.customer(id);
            return (
              found && {
                ...found,
                tariff: found.tariff.filter((v) => v.effectiveFrom < world.scheduler.now - 900_000_000),
              }
            );
          },
        },
      }),
    }),
  },
  {
    name: "lateImageBelieved",
    rare: true,
    about: "an image counts however old it is, and whatever has become of its session",
    seam: () => ({
      context: (base) => ({
        ...base,
        cardRows: {
          ...base.cardRows,
          session: async (id) => {
            const found = await base.cardRows.session(id);
            const probed = found?.probed ? { ...found.probed, seq: null } : null;
            return found && { ...found, probed, endedAt: null, turn: Number.MAX_SAFE_INTEGER };
          },
        },
      }),
    }),
  },
  {
    name: "refundOnWriteFailure",
    about: "a write that failed is refunded at once",
    install: () => {
      const { gaveUp } = purchaseTable.paid;
      return patch(purchaseTable.issued, {
        scriptEnded: (p, _e, now, s) => gaveUp?.(p, { type: "gaveUp", reason: "timeout" }, now, s) ?? null,
      });
    },
  },
  {
    name: "refundUnknownByTimer",
    about: "a purchase of which nothing was heard is refunded after a while",
    blind: ["I3"],
    install: () => {
      const { gaveUp } = purchaseTable.paid;
      return patch(purchaseTable.issued, {
        due: (p, _e, now, s) => gaveUp?.(p, { type: "gaveUp", reason: "timeout" }, now, s) ?? null,
      });
    },
  },
  {
    name: "consumedByCountAlone",
    rare: true,
    about: "the meter's count is taken for its credit",
    install: () => {
      const undo = [openBVolume, openBMoney].map((driver) =>
        patch<LayoutFacts>(driver, {
          consumed: (image, purchase) => {
            const meter = driver.returnArea(image);
            return typeof meter === "object" && meter.count === purchase.countBefore + 1;
          },
        }),
      );
      return () => {
        for (const each of undo) each();
      };
    },
  },
];
