/**
 * 挂失: a lost card is refused everywhere from that second, at kiosk, phone and counter alike, whatever is open on it and
 * whatever was read, issued or asked for a moment before.
 */
import { type LayoutDriver, openAMoney, openBCpuMoney, openBMoney, openCMoney } from "@citygas/gascard";
import { describe, expect, test } from "vitest";
import { intoMeter, issuedCard, type TestCard } from "../cards/card.testkit.ts";
import { cpuAtr, cpuChip, noSeal, runOnChip } from "../cards/cpuCard.testkit.ts";
import { endSession } from "../cards/report.ts";
import { sealCommand } from "../cards/sealCommand.ts";
import { openSession, putImage, wantScript } from "../cards/sessions.ts";
import type { TerminalFacts } from "../context.ts";
import { type Earth, kiosk1, kiosk2, makeEarth, newAccount, phone1 } from "../purchases/earth.testkit.ts";
import { quotePurchase } from "../purchases/quote.ts";
import {
  amount,
  booksHold,
  bought,
  confirmed,
  insert,
  keyed,
  makeWorld,
  pay,
  quoted,
  stateOf,
  value,
  type World,
  wanted,
  write,
} from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import { issueImage, replaceCard, setCardStatus } from "./replacement.ts";

const desk1: TerminalFacts = { ...kiosk1, id: "desk-1", name: "柜台1", kind: "desk" };
const readers: readonly TerminalFacts[] = [kiosk1, kiosk2, phone1, desk1];
type Open = "nothing" | "paid" | "torn" | "written unheard";

interface Case {
  earth: Earth;
  world: World;
  card: TestCard;
  cardId: string;
  id: string | null;
}

async function case_(driver: LayoutDriver, open: Open): Promise<Case> {
  const earth = makeEarth(openMemoryStore());
  const world = makeWorld(earth);
  const { card, cardId } = await newAccount(earth, "l", { driver });
  if (open === "nothing") return { earth, world, card, cardId, id: null };
  const { visit, id } = await bought(world, kiosk1, card, amount(1_234));
  if (open !== "paid") {
    const script = await wanted(world, kiosk1, id, visit);
    const store = { ...world.sale.store, commit: () => Promise.reject(new Error("no network")) };
    const deaf = { ...world, sale: { ...world.sale, store } };
    await write(deaf, kiosk1, card, visit, script, open === "torn" ? 3 : undefined).catch(() => undefined);
  }
  await endSession(world.sale, kiosk1, visit.sessionId);
  earth.clock.now += 1_000;
  return { earth, world, card, cardId, id };
}

const cases = [openAMoney, openBMoney, openCMoney].flatMap((driver) =>
  (["nothing", "paid", "torn", "written unheard"] as const).map((open) => [driver.cardClass, open, driver] as const),
);

describe.each(cases)("a lost card of class %s, %s", (_class, open, driver) => {
  test("is refused at every reader: no quote, no script, nothing settled, until it is found", async () => {
    const it = await case_(driver, open);
    const { world, earth, card, cardId, id } = it;
    expect(await setCardStatus(world.sale, cardId, "lost", keyed("lost"))).toMatchObject({ ok: true });
    const before = id === null ? null : await stateOf(world, id);
    for (const terminal of readers) {
      earth.clock.now += 1_000;
      const visit = await insert(world, terminal, card);
      expect([terminal.id, visit.answer]).toMatchObject([terminal.id, { kind: "refused", code: "card.lost" }]);
      const asked = { cardSessionId: visit.sessionId, entry: amount(5_000) };
      expect(await quotePurchase(world.sale, terminal, asked, keyed(`${terminal.id} ${open}`))).toMatchObject({
        ok: false,
        error: { code: "card.lost" },
      });
      if (id !== null) expect(await wantScript(world.sale, terminal, id, visit.sessionId)).toMatchObject({ ok: false });
      await endSession(world.sale, terminal, visit.sessionId);
    }
    if (id !== null) expect(await stateOf(world, id)).toEqual(before);
    await setCardStatus(world.sale, cardId, "current", keyed("current"));
    earth.clock.now += 1_000;
    const found = await insert(world, kiosk2, card);
    expect(found.answer).not.toMatchObject({ code: "card.lost" });
    await booksHold(earth);
  });
});

test("told twice, the second time when the old card has been replaced: the new one is not lost", async () => {
  for (const driver of [openAMoney, openBMoney, openCMoney]) {
    const { world, earth, card, cardId } = await case_(driver, "nothing");
    const said = keyed("the first time");
    await setCardStatus(world.sale, cardId, "lost", said);
    value(await replaceCard(world.sale, cardId, keyed("replaced")));
    const issued = value(await issueImage(world.sale, cardId));
    const fresh = issuedCard(card, issued.imageHex, issued.secretHex ?? "");
    const { visit, id } = await bought(world, kiosk1, fresh, amount(1_234));
    const script = await wanted(world, kiosk1, id, visit);
    expect(await setCardStatus(world.sale, cardId, "lost", said)).toMatchObject({ value: { status: "current" } });
    expect(await stateOf(world, id)).toMatchObject({ state: "issued" });
    expect(await write(world, kiosk1, fresh, visit, script)).toMatchObject({ kind: "delivered" });
    await booksHold(earth);
  }
});

test("said when the centre dies before the open purchase is told: the same report again tells it", async () => {
  const { world, earth, cardId, id } = await case_(openCMoney, "torn");
  if (id === null) throw new Error("nothing is open");
  const { store } = world.sale;
  const commit: typeof store.commit = async (t) => {
    if (t.subject.kind === "purchase") throw new Error("killed");
    return await store.commit(t);
  };
  const said = keyed("lost");
  await expect(setCardStatus({ ...world.sale, store: { ...store, commit } }, cardId, "lost", said)).rejects.toThrow();
  expect((await stateOf(world, id)).state).toBe("unknown");
  expect(await setCardStatus(world.sale, cardId, "lost", said)).toMatchObject({ value: { status: "lost" } });
  expect((await stateOf(world, id)).state).toBe("manual");
  await booksHold(earth);
});

test("found, lost, and told once more that it was found: it stays lost, though it was current when that was said first", async () => {
  const { world, cardId } = await case_(openBMoney, "nothing");
  const found = keyed("found");
  for (const [status, said] of [
    ["current", found],
    ["lost", keyed("lost")],
    ["current", found],
  ] as const)
    await setCardStatus(world.sale, cardId, status, said);
  expect((await world.earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId)?.state.status).toBe("lost");
});

test("an image from before that second leads to no quote and no script", async () => {
  const { world, card, cardId } = await case_(openBMoney, "nothing");
  const visit = await insert(world, kiosk1, card);
  const { id } = await quoted(world, kiosk1, visit, amount(5_000));
  await setCardStatus(world.sale, cardId, "lost", keyed("lost"));
  await expect(confirmed(world, kiosk1, id)).rejects.toThrow("card.lost");
  await expect(quoted(world, kiosk1, visit, amount(5_000))).rejects.toThrow(/card\.(lost|stale)/);
  expect(await visit.ask()).toMatchObject({ kind: "refused" });
});

test("a write that was out is settled by what it read back, and is refused from then on; its new card carries it, once", async () => {
  for (const first of ["lost", "new"] as const) {
    const { world, earth, card, cardId } = await case_(openBMoney, "nothing");
    const { visit, id } = await bought(world, kiosk1, card, amount(1_234));
    const script = await wanted(world, kiosk1, id, visit);
    await setCardStatus(world.sale, cardId, "lost", keyed("lost"));
    earth.clock.now += 1_000;
    expect(await write(world, kiosk1, card, visit, script)).toMatchObject({ kind: "delivered" });
    await endSession(world.sale, kiosk1, visit.sessionId);
    earth.clock.now += 1_000;
    expect((await insert(world, kiosk2, card)).answer).toMatchObject({ kind: "refused", code: "card.lost" });
    expect(await replaceCard(world.sale, cardId, { key: "k", fingerprint: "f" })).toMatchObject({ ok: true });
    const issued = value(await issueImage(world.sale, cardId));
    const fresh = issuedCard(card, issued.imageHex, issued.secretHex ?? "");
    for (const one of first === "lost" ? [card, fresh] : [fresh, card]) intoMeter(one);
    expect(card.meter.total).toBe(90_000 + 1_234);
    await booksHold(earth);
  }
});

test("nothing is sealed for a CPU card from that second on", async () => {
  const earth = makeEarth(openMemoryStore());
  const world = makeWorld(earth);
  const { card, cardId } = await newAccount(earth, "l", { driver: openBCpuMoney });
  const chip = cpuChip(card.driver, card.image);
  const { id: sessionId, script } = await openSession(world.sale, kiosk1, { reader: "r", atr: cpuAtr, powerUpId: "p" });
  const answer = value(await putImage(world.sale, kiosk1, sessionId, await runOnChip(chip, script, "p", noSeal)));
  const { id } = await quoted(world, kiosk1, { sessionId, powerUpId: "p", answer }, amount(5_000));
  await confirmed(world, kiosk1, id);
  await pay(world, kiosk1, id);
  const out = value(await wantScript(world.sale, kiosk1, id, sessionId));
  if (out.kind !== "script") throw new Error(out.kind);
  const step = out.script.steps.findIndex(({ op }) => op === "seal");
  const request = { scriptId: out.script.id, powerUpId: "p", step, challenge: "0102030405060708" };
  await setCardStatus(world.sale, cardId, "lost", keyed("lost"));
  expect(await sealCommand(world.sale, kiosk1, sessionId, request)).toMatchObject({ error: { code: "card.stale" } });
});
