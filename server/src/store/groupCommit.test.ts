/** Which transitions fly together, which wait, and that nothing waits for a timer. */
import { describe, expect, test } from "vitest";
import { type GroupCommitOptions, groupCommit } from "./groupCommit.ts";
import { account, accountTransition } from "./samples.ts";
import { type Checked, checkTransition } from "./transition.ts";

const item = (eventId: string, accountId: string): Checked =>
  checkTransition(accountTransition(eventId, account(accountId), 0));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A database that answers when told to. */
function manual(options: Partial<GroupCommitOptions> = {}) {
  const flights: { ids: string[]; lane: number; land: () => void }[] = [];
  const group = groupCommit(
    (batch, lane) =>
      new Promise((resolve) => {
        const land = (): void => resolve(batch.map(() => ({ ok: true, value: { kind: "done" } })));
        flights.push({ ids: batch.map(({ transition }) => transition.eventId), lane, land });
      }),
    { lanes: 1, batchMax: 250, queueMax: 1_000, ...options },
  );
  const ids = (): string[][] => flights.map((flight) => flight.ids);
  /** Lets flight n land and what comes of it happen. */
  const land = async (n: number): Promise<void> => {
    flights[n]?.land();
    await turn();
    await turn();
  };
  return { group, flights, ids, land };
}

describe("group commit", () => {
  test("a lone one flies alone; what arrives meanwhile is the next batch", async () => {
    const { group, ids, land } = manual();
    const all = [group.commit(item("1", "a"))];
    await turn();
    expect(ids()).toEqual([["1"]]);
    for (const id of ["2", "3", "4"]) all.push(group.commit(item(id, id)));
    await turn();
    expect(ids()).toHaveLength(1);
    await land(0);
    expect(ids()).toEqual([["1"], ["2", "3", "4"]]);
    await land(1);
    expect(await Promise.all(all)).toEqual(all.map(() => ({ kind: "done" })));
  });

  test("no two with one aggregate in a batch; per aggregate the order of arrival holds", async () => {
    const { group, ids, land } = manual();
    const both = checkTransition(
      accountTransition("both", account("a"), 0, {
        writes: [{ kind: "account", id: "b", expected: 0, state: account("b") }],
      }),
    );
    const all = [group.commit(item("a1", "a")), group.commit(both), group.commit(item("b1", "b"))];
    all.push(group.commit(item("c1", "c")));
    await turn();
    // b1 came after `both`, which waits for a1: it must not overtake.
    expect(ids()).toEqual([["a1", "c1"]]);
    await land(0);
    await land(1);
    await land(2);
    expect(ids()).toEqual([["a1", "c1"], ["both"], ["b1"]]);
    await Promise.all(all);
  });

  test("a second lane takes what shares nothing with the first", async () => {
    const { group, flights, ids, land } = manual({ lanes: 2 });
    const all = [group.commit(item("a1", "a"))];
    await turn();
    all.push(group.commit(item("a2", "a")), group.commit(item("b1", "b")));
    await turn();
    expect(ids()).toEqual([["a1"], ["b1"]]);
    expect(new Set(flights.map(({ lane }) => lane)).size).toBe(2);
    await land(0);
    expect(ids()).toEqual([["a1"], ["b1"], ["a2"]]);
    await land(1);
    await land(2);
    await Promise.all(all);
  });

  test("batches and the queue have their limits", async () => {
    const { group, ids, land } = manual({ batchMax: 2, queueMax: 3 });
    const all = ["1", "2", "3"].map((id) => group.commit(item(id, id)));
    await expect(group.commit(item("4", "4"))).rejects.toThrow(/busy/);
    await turn();
    expect(ids()).toEqual([["1", "2"]]);
    await land(0);
    expect(ids()).toEqual([["1", "2"], ["3"]]);
    await land(1);
    await Promise.all(all);
  });

  test("a run that rejects rejects its items and frees their place", async () => {
    let runs = 0;
    const group = groupCommit(
      async (batch) => {
        runs += 1;
        if (runs === 1) throw new Error("broken");
        return batch.map(() => ({ ok: true, value: { kind: "done" } }));
      },
      { lanes: 1, batchMax: 10, queueMax: 10 },
    );
    await expect(group.commit(item("1", "a"))).rejects.toThrow("broken");
    expect(await group.commit(item("2", "a"))).toEqual({ kind: "done" });
  });

  test("closing waits for what was taken and takes no more", async () => {
    const { group, land } = manual();
    const first = group.commit(item("1", "a"));
    await turn();
    const second = group.commit(item("2", "a"));
    let closed = false;
    const closing = group.close().then(() => {
      closed = true;
    });
    await expect(group.commit(item("3", "c"))).rejects.toThrow(/closed/);
    await land(0);
    expect(closed).toBe(false);
    await land(1);
    await closing;
    expect(await Promise.all([first, second])).toHaveLength(2);
    await group.close();
  });
});
