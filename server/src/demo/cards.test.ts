/** Each card of the demo's tray, put into a paired kiosk's reader, leads where its label says. */
import { randomUUID } from "node:crypto";
import { type CardScript, fromHex, toHex } from "@citygas/gascard";
import { CpuCard } from "@citygas/sandbox";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pairWith, type Reply, type TestServer, testServer, tokenFor } from "../server.testkit.ts";
import type { SeedCard } from "./seed.ts";

let test: TestServer;
let token: string;
beforeAll(async () => {
  test = await testServer({ demo: true });
  token = await tokenFor(test, await pairWith(test, test.server.demo?.pairingCodes["kiosk-1"] ?? ""));
});
afterAll(() => test.stop());

const call = (method: "POST" | "PUT", path: string, payload: object): Promise<Reply> =>
  test.call({
    method,
    url: `/api/v1${path}`,
    headers: { authorization: `Bearer ${token}`, "idempotency-key": randomUUID() },
    payload,
  });

const atrs: Record<string, string> = { "": "3b04a2131091", at24c02: "3b044932432e", cpu: "3b67000043495459474153" };

/** What the probe of such a chip brings. */
function probed({ chip, imageHex, errorCounter }: SeedCard, { steps }: Pick<CardScript, "steps">): object[] {
  switch (chip?.kind) {
    case "at24c02":
      return [{ step: 0 }, { step: 1, data: chip.memoryHex }];
    case "cpu": {
      // It proves itself with the keys that it was seeded with.
      const card = CpuCard.of(chip);
      return steps.map((todo, step) =>
        todo.op === "exchange" ? { step, data: toHex(card.apdu(fromHex(todo.apdu) ?? new Uint8Array(0))) } : { step },
      );
    }
    case undefined:
      // A blank chip holds nothing but its maker's four bytes.
      return [
        { step: 0 },
        { step: 1, data: imageHex ?? `a2131091${"ff".repeat(252)}` },
        { step: 2, counter: errorCounter ?? 7 },
      ];
  }
}

async function insert(cardId: string): Promise<{ sessionId: string; answer: Reply["body"] }> {
  const card = test.server.demo?.sandboxSeed?.cards.find(({ id }) => id === cardId);
  if (card === undefined) throw new Error(`no card ${cardId}`);
  const powerUpId = randomUUID();
  const session = await call("POST", "/card-sessions", {
    reader: "kiosk-1",
    atr: atrs[card.chip?.kind ?? ""],
    powerUpId,
  });
  const sessionId = String(session.body.id);
  const { script } = session.body as { script: CardScript };
  const results = probed(card, script);
  const report = { scriptId: script.id, powerUpId, results };
  const answer = await call("PUT", `/card-sessions/${sessionId}/image`, report);
  if (answer.status !== 200) throw new Error(`${cardId}: ${answer.status} ${answer.text}`);
  return { sessionId, answer: answer.body };
}

it.each([
  ["qinhuai", { kind: "account", unit: "money", maximum: { value: 150_000 } }],
  ["canteen", { kind: "account", unit: "volume", maximum: { value: 9_999_999_000, rule: "absolute" } }],
  ["gas-on-card", { kind: "gasOnCard", gas: { kind: "amount", meterCreditFen: 10_000 } }],
  ["lost", { kind: "refused", code: "card.lost" }],
  ["replaced", { kind: "refused", code: "card.replaced" }],
  ["replacement", { kind: "account" }],
  ["blocked", { kind: "refused", code: "card.blocked" }],
  ["secret-counter", { kind: "refused", code: "card.secretCounter", value: 2 }],
  ["torn", { kind: "script", resumed: true, purchase: { state: "issued" } }],
  ["open-purchase", { kind: "script", resumed: true, purchase: { state: "issued" } }],
  ["later", { kind: "script", resumed: true, purchase: { state: "issued" } }],
  ["heating", { kind: "account", unit: "volume", maximum: { value: 500_000 } }],
  ["low-income", { kind: "account", unit: "volume" }],
  ["debt-block", { kind: "refused", code: "account.debt" }],
  ["ceiling", { kind: "account", maximum: { value: 5_000, rule: "ceiling" } }],
  ["balance", { kind: "account", customer: { balanceFen: 200_000 } }],
  ["debt-rows", { kind: "account" }],
  ["ic-controller", { kind: "account", unit: "volume" }],
  ["manual", { kind: "refused", code: "purchase.manual" }],
  ["count-mismatch", { kind: "refused", code: "card.countMismatch" }],
  ["safety-check", { kind: "refused", code: "account.safetyCheck" }],
  ["opening", { kind: "refused", code: "card.opening" }],
  ["bad-checksum", { kind: "refused", code: "card.badChecksum" }],
  ["class-a", { kind: "account", unit: "volume" }],
  ["cpu", { kind: "account", unit: "money" }],
  ["cpu-sm4", { kind: "account", unit: "money" }],
  ["class-c", { kind: "account", unit: "volume" }],
  ["blank", { kind: "refused", code: "card.blank" }],
  ["tool", { kind: "refused", code: "card.tool" }],
  ["foreign", { kind: "refused", code: "card.foreign" }],
  ["worn", { kind: "refused", code: "card.unreadable" }],
  ["unknown", { kind: "refused", code: "card.unknown" }],
])("%s", async (cardId, expected) => {
  expect((await insert(cardId)).answer).toMatchObject(expected);
});

const buy = async (cardId: string, entry: object): Promise<Reply> => {
  const { sessionId } = await insert(cardId);
  return call("POST", "/purchases", { cardSessionId: sessionId, entry });
};

it("bills the pictured sale: 1200 元, 0.30 from the balance, 1199.70 to pay", async () => {
  const made = await buy("qinhuai", { kind: "amount", amountFen: 120_000 });
  expect(made).toMatchObject({
    status: 201,
    body: { breakdown: { goodsFen: 120_000, balanceOffsetFen: 30, payableFen: 119_970, deductions: [] } },
  });
});

it("has a balance that pays for all, a debt that stands on the bill, and free litres for low income", async () => {
  const breakdown = async (cardId: string, entry: object) => (await buy(cardId, entry)).body.breakdown;
  expect(await breakdown("balance", { kind: "amount", amountFen: 10_000 })).toMatchObject({ payableFen: 0 });
  expect(await breakdown("debt-rows", { kind: "amount", amountFen: 10_000 })).toMatchObject({ debtFen: 2_650 });
  const low = await breakdown("low-income", { kind: "volume", volumeL: 50_000 });
  expect(low).toMatchObject({ goodsFen: 0, payableFen: 0 });
});
