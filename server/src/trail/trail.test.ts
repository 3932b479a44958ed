/** The demo's purchases, told by the server's own routes. */
import type { LoggedEvent } from "@citygas/core";
import { languages } from "@citygas/texts";
import { Check } from "typebox/value";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestServer, testServer } from "../server.testkit.ts";
import { attempt, purchase } from "../store/samples.ts";
import { type TrailItem, TrailItemSchema } from "./schema.ts";
import { sentenceOf, trailKey } from "./sentence.ts";

let test: TestServer;
let torn: { id: string; number: string };
beforeAll(async () => {
  test = await testServer({ demo: true });
  const { rows } = await test.server.ctx.db.query<typeof torn>(
    "select id, number from purchase where status = 'unknown' order by id limit 1",
  );
  if (rows[0] === undefined) throw new Error("the demo has no unfinished write");
  torn = rows[0];
});
afterAll(() => test.stop());

const itemsOf = (body: Record<string, unknown>): TrailItem[] => body.items as TrailItem[]; // checked by the schema below

it("tells a purchase from its price to its card: sentences, postings, changed bytes", async () => {
  const reply = await test.admin("GET", `/purchases/${torn.id}/trail`);
  const items = itemsOf(reply.body);
  for (const item of items) expect(Check(TrailItemSchema, item)).toBe(true);
  expect(items.map(({ type }) => type)).toEqual([
    "purchase.quoted",
    "purchase.confirmed",
    "purchase.scriptIssued",
    "purchase.scriptEnded",
  ]);
  expect(items.map(({ state }) => state)).toEqual(["quoted", "paid", "issued", "unknown"]);
  expect(items[0]?.zh).toMatch(/^报价：.*(方|元)，应付 \d+\.\d\d元$/);
  expect(items[1]?.postings.map(({ account }) => account.split(":")[0])).toEqual(
    expect.arrayContaining(["customer", "held", "open"]),
  );
  for (const { postings } of items) expect(postings.reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
  const [change] = items[2]?.card?.changes ?? [];
  expect(change?.before).not.toBe(change?.after);
  expect(change?.before.length).toBeLessThan(64);
});

it("keeps names masked and secrets out", async () => {
  const { rows } = await test.server.ctx.db.query<{ name: string }>("select name from holder where length(name) > 1");
  const { text } = await test.admin("GET", "/trail?limit=200");
  for (const { name } of rows) expect(text).not.toContain(name);
  expect(text).not.toMatch(/secret|token|evidence/);
  for (const item of itemsOf((await test.admin("GET", "/trail")).body)) expect(item.account?.name).toMatch(/^\*/);
});

it("is paged in the order of time, and what is new comes after the cursor", async () => {
  const all = itemsOf((await test.admin("GET", "/trail?limit=200")).body);
  const times = all.map(({ at }) => at);
  expect(times).toEqual([...times].sort());
  const newest = itemsOf((await test.admin("GET", "/trail?limit=3")).body);
  expect(newest).toEqual(all.slice(-3));
  const seen: string[] = [];
  let after = Buffer.from("0.0.").toString("base64url");
  for (let pages = 0; pages < all.length; pages++) {
    const { body } = await test.admin("GET", `/trail?limit=5&after=${after}`);
    seen.push(...itemsOf(body).map(({ id }) => id));
    after = String(body.next);
  }
  expect([...new Set(seen)]).toEqual(all.map(({ id }) => id));
});

it("is for the administrator, and refuses what it does not know", async () => {
  expect((await test.call({ method: "GET", url: "/api/v1/trail" })).status).toBe(401);
  expect((await test.admin("GET", "/trail?after=x")).status).toBe(400);
  const nobody = await test.admin("GET", "/purchases/00000000-0000-4000-8000-000000000000/trail");
  expect(nobody).toMatchObject({ status: 404, body: { code: "purchase.notFound" } });
});

const paidBy: [string, LoggedEvent][] = [
  ["purchase.gaveUp", { type: "purchase", event: { type: "gaveUp", reason: "cardGone" } }],
  ["purchase.due", { type: "purchase", event: { type: "due" } }],
  ["purchase.cardConsumed", { type: "purchase", event: { type: "cardSettled", as: "consumed", scriptId: "s" } }],
  ["purchase.decidedRefunding", decided("refunding")],
  ["attempt.submitted", { type: "attempt", attemptId: "a", event: { type: "submitted" } }],
  ["attempt.notFound", answered({ kind: "notFound", verified: true })],
  ["attempt.unknown", answered({ kind: "unknown", why: "timeout" })],
  [
    "attempt.reverseTooLate",
    { type: "attempt", attemptId: "a", event: { type: "reverseAnswered", outcome: { kind: "tooLate", code: "X" } } },
  ],
];

it.each(paidBy)("%s has a name and a sentence in both languages", (key, event) => {
  const told = { event, purchase: purchase("p", "a"), attempt: event.type === "attempt" ? attempt("a", "p") : null };
  expect(trailKey(told)).toBe(key);
  for (const language of languages) expect(sentenceOf(told, language)).not.toMatch(/[{}]/);
});

type AttemptEvent = Extract<LoggedEvent, { type: "attempt" }>["event"];
function answered(outcome: Extract<AttemptEvent, { type: "answered" }>["outcome"]): LoggedEvent {
  return { type: "attempt", attemptId: "a", event: { type: "answered", call: "query", outcome } };
}
function decided(to: "delivered" | "refunding"): LoggedEvent {
  return { type: "purchase", event: { type: "decided", to, by: ["a", "b"], evidence: "seen" } };
}
