/** A database that refuses, is away, or dies before it answers: what the callers are told, and how often it is asked. */
import pg from "pg";
import { describe, expect, test } from "vitest";
import type { Verdict } from "./batchStatement.ts";
import { type BatchDoor, classify, type Patience, patiently, settle } from "./persistence.ts";
import { account, accountTransition } from "./samples.ts";
import { type Checked, checkTransition, DuplicateValueError } from "./transition.ts";

function sqlError(code: string, constraint?: string): pg.DatabaseError {
  const error = new pg.DatabaseError(`error ${code}`, 0, "error");
  error.code = code;
  error.constraint = constraint;
  return error;
}
const lost = (): Error => Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
const patience: Patience = { conflictTriesMax: 3, awayMaxMs: 60_000 };
const items = (...ids: string[]): Checked[] =>
  ids.map((id) => checkTransition(accountTransition(id, account(`account of ${id}`), 0)));
const done: Verdict = { kind: "done" };

/** Answers call after call with what the script says; counts the items of each call. */
function scripted(script: ((batch: readonly Checked[]) => Verdict[])[], inLog: string[] = []) {
  const calls: string[][] = [];
  const door: BatchDoor = {
    run: async (batch) => {
      calls.push(batch.map(({ transition }) => transition.eventId));
      const step = script[Math.min(calls.length, script.length) - 1];
      if (!step) throw new Error("no script");
      return step(batch);
    },
    committed: async (ids) => new Set(ids.filter((id) => inLog.includes(id))),
  };
  return { door, calls };
}
const fails = (error: unknown) => () => {
  throw error;
};
const allDone = (batch: readonly Checked[]): Verdict[] => batch.map(() => done);

describe("conflict", () => {
  test.each(["40001", "40P01", "57014", "55P03"])("%s: the whole batch again", async (code) => {
    const { door, calls } = scripted([fails(sqlError(code)), fails(sqlError(code)), allDone]);
    expect(await settle(items("a", "b"), door, patience)).toEqual([
      { ok: true, value: done },
      { ok: true, value: done },
    ]);
    expect(calls).toEqual([
      ["a", "b"],
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  test("a bounded number of times", async () => {
    const error = sqlError("40001");
    const { door, calls } = scripted([fails(error)]);
    expect(await settle(items("a"), door, patience)).toEqual([{ ok: false, error }]);
    expect(calls).toHaveLength(patience.conflictTriesMax);
  });
});

describe("a lost connection", () => {
  test("after a COMMIT that happened: found by event id, done", async () => {
    const { door } = scripted([fails(lost()), () => [{ kind: "committed" }]]);
    expect(await settle(items("a"), door, patience)).toEqual([{ ok: true, value: done }]);
  });

  test("stale is believed only when the event is not in the log", async () => {
    const stale: Verdict = { kind: "stale" };
    const { door } = scripted([fails(lost()), () => [stale, stale, done]], ["a"]);
    expect(await settle(items("a", "b", "c"), door, patience)).toEqual([
      { ok: true, value: done },
      { ok: true, value: stale },
      { ok: true, value: done },
    ]);
  });

  test("without one, an event that is in the log is a replay", async () => {
    const { door } = scripted([() => [{ kind: "committed" }]]);
    expect(await settle(items("a"), door, patience)).toEqual([
      { ok: true, value: { kind: "replay", subjectId: "account of a", sameRequest: true } },
    ]);
  });

  test("gives up when the database stays away", async () => {
    const error = lost();
    const { door } = scripted([fails(error)]);
    expect(await settle(items("a"), door, { ...patience, awayMaxMs: -1 })).toEqual([{ ok: false, error }]);
    await expect(patiently(() => Promise.reject(error), { ...patience, awayMaxMs: -1 })).rejects.toBe(error);
  });
});

describe("refused", () => {
  test("one bad item is rejected alone, the others pass", async () => {
    const error = sqlError("22P05");
    const { door, calls } = scripted([
      (batch) => {
        if (batch.some(({ transition }) => transition.eventId === "bad")) throw error;
        return allDone(batch);
      },
    ]);
    expect(await settle(items("a", "bad", "b"), door, patience)).toEqual([
      { ok: true, value: done },
      { ok: false, error },
      { ok: true, value: done },
    ]);
    expect(calls).toEqual([["a", "bad", "b"], ["a"], ["bad"], ["b"]]);
  });

  test("a duplicate that was a race passes in a new snapshot", async () => {
    const { door, calls } = scripted([fails(sqlError("23505")), () => [{ kind: "stale" }, done]]);
    expect(await settle(items("a", "b"), door, patience)).toEqual([
      { ok: true, value: { kind: "stale" } },
      { ok: true, value: done },
    ]);
    expect(calls).toHaveLength(2);
  });

  test("a duplicate that stays says which value", async () => {
    const { door } = scripted([fails(sqlError("23505", "purchase_number_key"))]);
    const [settled] = await settle(items("a"), door, patience);
    expect(settled).toMatchObject({ ok: false, error: { constraint: "purchase_number_key" } });
    expect(settled?.ok === false && settled.error instanceof DuplicateValueError).toBe(true);
  });
});

test.each([
  [sqlError("08006"), "lost"],
  [sqlError("57P01"), "lost"],
  [sqlError("57P03"), "lost"],
  [sqlError("53300"), "lost"],
  [sqlError("25006"), "lost"],
  [sqlError("42P01"), "refused"],
  [Object.assign(new Error("x"), { code: "ENOENT" }), "lost"],
  [new Error("Connection terminated unexpectedly"), "lost"],
  [new Error("timeout exceeded when trying to connect"), "lost"],
  [new Error("Query read timeout"), "lost"],
  [new Error("no answer for event x"), "refused"],
  [new TypeError("undefined is not a function"), "refused"],
])("%s is %s", (error, fault) => {
  expect(classify(error)).toBe(fault);
});
