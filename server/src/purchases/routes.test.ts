/** The terminal's road through HTTP: the public contract's own client, against the routes. */
import { type TerminalApi, terminalApi } from "@citygas/api";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runScript, type TestCard } from "../cards/card.testkit.ts";
import { type App, buildApp } from "../http/app.ts";
import { drainPayments } from "../payments/payments.ts";
import { openMemoryStore } from "../store/memory.ts";
import { kiosk1, kiosk2, makeEarth, newAccount } from "./earth.testkit.ts";
import { registerSales } from "./openSales.ts";
import { code, makeWorld, stateOf, type World } from "./world.testkit.ts";

let world: World;
let card: TestCard;
let app: App;
let url: string;

beforeEach(async () => {
  world = makeWorld(makeEarth(openMemoryStore()));
  ({ card } = await newAccount(world.earth, "a", { balanceFen: 30 }));
  app = await buildApp(world.sale, {
    authenticators: {
      terminal: async (token) => [kiosk1, kiosk2].find(({ id }) => id === token),
      admin: () => false,
      staff: async () => undefined,
    },
    apiRoutes: [(api) => registerSales(api, world.sale, world.payments)],
    rootRoutes: [],
  });
  url = await app.listen({ host: "127.0.0.1", port: 0 });
});
afterEach(() => app.close());

const client = (token: string): TerminalApi =>
  terminalApi({ serverUrl: url, token: async () => ({ ok: true, value: token }) });

function answered<T>(answer: { ok: true; value: T } | { ok: false }): T {
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return answer.value;
}

test("from the card in to the receipt", async () => {
  const kiosk = client("kiosk-1");
  const session = answered(await kiosk.openSession({ reader: "r", atr: "3b04", powerUpId: "p" }));
  const account = answered(await kiosk.putImage(session.id, runScript(card, session.script, "p")));
  expect(account.kind).toBe("account");
  const quote = answered(await kiosk.newPurchase(session.id, { kind: "amount", amountFen: 120_000 }, "key-quote-1"));
  expect(answered(await kiosk.confirm(quote.id, "key-confirm-1")).state).toBe("paying");
  const states: string[] = [];
  const watching = (async () => {
    for await (const view of kiosk.events(quote.id, quote.version, new AbortController().signal))
      states.push(view.state);
  })();
  expect(answered(await kiosk.attempt(quote.id, code, "key-attempt-1")).state).toBe("paying");
  await drainPayments(world.payments);
  await watching;
  expect(states.at(-1)).toBe("paid");
  const answer = answered(await kiosk.wantScript(quote.id, session.id, "key-script-1"));
  if (answer.kind !== "script") throw new Error(answer.kind);
  const done = answered(await kiosk.postReport(session.id, runScript(card, answer.script, "p")));
  expect(done).toMatchObject({ kind: "delivered", purchase: { state: "delivered" } });
  expect(answered(await kiosk.receipt(quote.id))).toMatchObject({ breakdown: { payableFen: 119_970 } });
  expect(answered(await kiosk.endSession(session.id))).toBeNull();
  expect(answered(await client("kiosk-2").purchase(quote.id)).state).toBe("delivered");
});

test("refusals are problems with a code", async () => {
  const kiosk = client("kiosk-1");
  const session = answered(await kiosk.openSession({ reader: "r", atr: "3b04", powerUpId: "p" }));
  answered(await kiosk.putImage(session.id, runScript(card, session.script, "p")));
  expect(await kiosk.newPurchase(session.id, { kind: "amount", amountFen: 150_001 }, "key-quote-2")).toMatchObject({
    problem: { code: "entry.overLimit", value: 150_000, status: 422 },
  });
  const { id } = answered(await kiosk.newPurchase(session.id, { kind: "amount", amountFen: 10 }, "key-quote-3"));
  expect(await kiosk.attempt(id, "hello", "key-attempt-2")).toMatchObject({ problem: { code: "payment.notACode" } });
  expect(await kiosk.attempt(id, code, "key-attempt-3")).toMatchObject({ problem: { code: "purchase.wrongState" } });
  expect(await kiosk.confirm(id, "x")).toMatchObject({ problem: { code: "request.keyMissing" } });
  expect(await kiosk.purchase("00000000-0000-4000-8000-000000000000")).toMatchObject({
    problem: { code: "purchase.notFound" },
  });
  expect(await client("nobody").purchase(id)).toMatchObject({ problem: { code: "auth.required" } });
  expect(answered(await kiosk.cancel(id, "key-cancel-1")).state).toBe("void");
  expect((await stateOf(world, id)).reason).toBe("customer");
});

test("no payment without a key, and no order on a phone for a kiosk", async () => {
  const id = "00000000-0000-8000-8000-000000000001";
  const ask = async (what: string, body: object, key?: string) => {
    const reply = await fetch(`${url}/api/v1/purchases/${id}/${what}`, {
      method: "POST",
      headers: {
        authorization: "Bearer kiosk-1",
        "content-type": "application/json",
        ...(key === undefined ? {} : { "idempotency-key": key }),
      },
      body: JSON.stringify(body),
    });
    return await reply.json();
  };
  expect(await ask("attempts", { code })).toMatchObject({ status: 400, code: "request.keyMissing" });
  const payer = { app: "mini", openid: "m-phone-1" };
  expect(await ask("prepay", payer, "prepay-key-1")).toMatchObject({ status: 403, code: "auth.forbidden" });
});
