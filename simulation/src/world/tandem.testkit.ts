/** Every call goes to two stores, and both must answer the same. */
import { isDeepStrictEqual } from "node:util";
import { openMemoryStore, type Store } from "@citygas/server";
import type { WorldStore } from "./store.ts";

/** @param base with what registration put there and nothing else. */
export async function inTandem(base: WorldStore): Promise<Store> {
  const other = openMemoryStore();
  const kinds = ["account", "card", "meter"] as const;
  const rows = kinds.flatMap((kind) =>
    base.all(kind).map((state) => ({ kind, id: state.id, state, version: base.peek(kind, state.id)?.version ?? 0 })),
  );
  // As often as each was written: the drawer was made, and opened.
  for (let expected = 0; ; expected++) {
    const due = rows.filter(({ version }) => version > expected);
    const account = due.find(({ kind }) => kind === "account");
    if (account === undefined) break;
    await other.commit({
      eventId: `registered ${expected}`,
      at: 0,
      subject: { kind: "account", id: account.id },
      event: { type: "opened" },
      // Kind and state belong together: both come from one row.
      writes: due.map(({ kind, id, state }) => ({ kind, id, expected, state })) as Parameters<
        Store["commit"]
      >[0]["writes"],
      guards: [],
      postings: [],
      tasks: { add: [], drop: [] },
    });
  }
  const both = async <T>(what: string, left: Promise<T>, right: Promise<T>): Promise<T> => {
    const [one, two] = await Promise.all([left, right]);
    if (!isDeepStrictEqual(one, two)) throw new Error(`${what}: ${JSON.stringify(one)} and ${JSON.stringify(two)}`);
    return one;
  };
  return {
    ...base,
    load: async (refs) => {
      const [one, two] = await Promise.all([base.load(refs), other.load(refs)]);
      for (const { kind, id } of refs) {
        const [left, right] = [one.get(kind, id), two.get(kind, id)];
        if (left?.version !== right?.version || !isDeepStrictEqual(left?.state, right?.state))
          throw new Error(`load of ${kind} ${id}: ${JSON.stringify(left)} and ${JSON.stringify(right)}`);
      }
      return one;
    },
    commit: (t) => both("commit", base.commit(t), other.commit(t)),
    claim: (now, limit, leaseMs) => both("claim", base.claim(now, limit, leaseMs), other.claim(now, limit, leaseMs)),
    finish: (task) => both("finish", base.finish(task), other.finish(task)),
    retry: (task, dueAt) => both("retry", base.retry(task, dueAt), other.retry(task, dueAt)),
  };
}
