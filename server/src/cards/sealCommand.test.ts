/** A sale on a CPU card, sealed command by sealed command, against a card that checks them. */
import type { SealRequest } from "@citygas/api";
import { cpuMac, fromHex, openBCpuMoney, toHex } from "@citygas/gascard";
import { CpuCard, type CpuCardSetup } from "@citygas/sandbox";
import { describe, expect, test } from "vitest";
import type { TerminalFacts } from "../context.ts";
import { kiosk1, kiosk2, newAccount, phone1 } from "../purchases/earth.testkit.ts";
import { inWorld } from "../purchases/inWorld.testkit.ts";
import { quotePurchase } from "../purchases/quote.ts";
import { earths } from "../purchases/stores.testkit.ts";
import { amount, confirmed, pay, quoted, value } from "../purchases/world.testkit.ts";
import { proofKey, sealKey, type TestCard } from "./card.testkit.ts";
import { cpuAtr, cpuChip, noSeal, runOnChip, type Seal } from "./cpuCard.testkit.ts";
import { endSession, takeReport } from "./report.ts";
import { sealCommand } from "./sealCommand.ts";
import { openSession, putImage, wantScript } from "./sessions.ts";

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();

/** The chip of a card whose bytes are `image`. */
const chipOf = ({ image }: TestCard, ...keys: OtherKeys): CpuCard => cpuChip(openBCpuMoney, image, ...keys);
type OtherKeys = [key?: Uint8Array, internalKeys?: CpuCardSetup["internalKeys"]];

describe.each(earths)("sealing, store $name", ({ open }) => {
  const our = inWorld(open);

  let powerUps = 0;
  async function insert(chip: CpuCard, terminal = kiosk1) {
    powerUps += 1;
    const powerUpId = `cpu-${powerUps}`;
    our.earth.clock.now += 1_000;
    const { id, script } = await openSession(our.world.sale, terminal, { reader: "r", atr: cpuAtr, powerUpId });
    const answer = value(
      await putImage(our.world.sale, terminal, id, await runOnChip(chip, script, powerUpId, noSeal)),
    );
    return { sessionId: id, powerUpId, answer };
  }
  /** Up to the script of a paid purchase. */
  async function paidFor(name: string, options: { key?: Uint8Array } = {}) {
    const { card } = await newAccount(our.earth, name, { driver: openBCpuMoney });
    const chip = chipOf(card, options.key);
    const visit = await insert(chip);
    expect(visit.answer.kind).toBe("account");
    const { id } = await quoted(our.world, kiosk1, visit, amount(5_000));
    await confirmed(our.world, kiosk1, id);
    await pay(our.world, kiosk1, id);
    const wanted = value(await wantScript(our.world.sale, kiosk1, id, visit.sessionId));
    if (wanted.kind !== "script") throw new Error(wanted.kind);
    const request = (step: number, challenge: string) => ({
      scriptId: wanted.script.id,
      powerUpId: visit.powerUpId,
      step,
      challenge,
    });
    const seal: Seal = async (step, challenge) =>
      value(await sealCommand(our.world.sale, kiosk1, visit.sessionId, request(step, challenge))).apdu;
    const sealStep = wanted.script.steps.findIndex(({ op }) => op === "seal");
    return { card, chip, visit, id, script: wanted.script, request, seal, sealStep };
  }

  test("a our.world.sale is written by the command that the centre made for the card's challenge", async () => {
    const { chip, script, visit, seal } = await paidFor("sealed");
    expect(JSON.stringify(script)).not.toContain("secret");
    const report = await runOnChip(chip, script, visit.powerUpId, seal);
    expect(report.failure).toBeUndefined();
    expect(value(await takeReport(our.world.sale, kiosk1, report))).toMatchObject({ kind: "delivered" });
    expect((await insert(chip)).answer).toMatchObject({ kind: "gasOnCard", gas: { meterCreditFen: 5_000 } });
  });

  test("a card with another key takes nothing", async () => {
    const { chip, script, visit, seal } = await paidFor("other-key", { key: new Uint8Array(16) });
    const report = await runOnChip(chip, script, visit.powerUpId, seal);
    expect(report).toMatchObject({ failure: { reason: "mismatch" } });
    expect(value(await takeReport(our.world.sale, kiosk1, report))).toMatchObject({ kind: "writeFailed", hall: false });
  });

  test("no seal: the card is as it was, and the other kiosk finishes", async () => {
    const { chip, script, visit } = await paidFor("no-network");
    const report = await runOnChip(chip, script, visit.powerUpId, noSeal);
    expect(value(await takeReport(our.world.sale, kiosk1, report))).toMatchObject({ purchase: { state: "unknown" } });
    await endSession(our.world.sale, kiosk1, visit.sessionId);
    const there = await insert(chip, kiosk2);
    if (there.answer.kind !== "script") throw new Error(there.answer.kind);
    const { script: again } = there.answer;
    const sealThere: Seal = async (step, challenge) =>
      value(
        await sealCommand(our.world.sale, kiosk2, there.sessionId, {
          scriptId: again.id,
          powerUpId: there.powerUpId,
          step,
          challenge,
        }),
      ).apdu;
    const second = await runOnChip(chip, again, there.powerUpId, sealThere);
    expect(value(await takeReport(our.world.sale, kiosk2, second))).toMatchObject({ kind: "delivered" });
  });

  test("sealed, and its answer lost: the next reading finds it written", async () => {
    const { chip, script, visit, seal } = await paidFor("answer-lost");
    await runOnChip(chip, script, visit.powerUpId, seal);
    await endSession(our.world.sale, kiosk1, visit.sessionId);
    expect((await insert(chip, kiosk2)).answer).toMatchObject({ kind: "delivered", resumed: true });
  });

  test("the same challenge gets the same command, another one none", async () => {
    const { seal, sealStep, visit, request } = await paidFor("twice");
    const first = await seal(sealStep, "0102030405060708");
    expect(await seal(sealStep, "0102030405060708")).toBe(first);
    expect(
      await sealCommand(our.world.sale, kiosk1, visit.sessionId, request(sealStep, "0807060504030201")),
    ).toMatchObject({
      error: { code: "card.stale" },
    });
  });

  test("nothing is sealed for another step, terminal, power-up, session or challenge length, nor after the deadline", async () => {
    const { visit, request, sealStep, script } = await paidFor("strangers");
    const asked = async (over: object, terminal = kiosk1, sessionId = visit.sessionId) => {
      const answer = await sealCommand(our.world.sale, terminal, sessionId, {
        ...request(sealStep, challenge),
        ...over,
      });
      return answer.ok ? "sealed" : answer.error.code;
    };
    expect(await asked({ step: 0 })).toBe("request.invalid");
    expect(await asked({ step: 99 })).toBe("request.invalid");
    expect(await asked({ challenge: "01020304" })).toBe("request.invalid");
    expect(await asked({ powerUpId: "another" })).toBe("card.stale");
    expect(await asked({ scriptId: "none" })).toBe("notFound");
    expect(await asked({}, kiosk2)).toBe("notFound");
    our.earth.clock.now = script.deadlineAt;
    expect(await asked({})).toBe("card.stale");
    our.earth.clock.now = script.deadlineAt - 1;
    expect(await asked({})).toBe("sealed");
  });

  test("nothing is sealed for a script that was reported, or whose session ended", async () => {
    const { chip, visit, request, sealStep, script, seal } = await paidFor("over");
    const report = await runOnChip(chip, script, visit.powerUpId, seal);
    await takeReport(our.world.sale, kiosk1, report);
    expect(
      await sealCommand(our.world.sale, kiosk1, visit.sessionId, request(sealStep, "0102030405060708")),
    ).toMatchObject({
      error: { code: "card.stale" },
    });
    await endSession(our.world.sale, kiosk1, visit.sessionId);
    expect(
      await sealCommand(our.world.sale, kiosk1, visit.sessionId, request(sealStep, "0102030405060708")),
    ).toMatchObject({
      error: { code: "session.ended" },
    });
  });

  const asks = async (terminal: TerminalFacts, sessionId: string, request: SealRequest): Promise<string> => {
    const answer = await sealCommand(our.world.sale, terminal, sessionId, request);
    return answer.ok ? "sealed" : answer.error.code;
  };
  const challenge = "0102030405060708";

  test("nothing is sealed in a later insertion, by whichever power-up it is named", async () => {
    const { chip, visit, request, sealStep } = await paidFor("later");
    const later = await openSession(our.world.sale, kiosk1, { reader: "r", atr: cpuAtr, powerUpId: "later" });
    for (const powerUpId of [visit.powerUpId, "later"])
      expect(await asks(kiosk1, later.id, { ...request(sealStep, challenge), powerUpId })).toBe("card.stale");
    expect(await asks(kiosk1, visit.sessionId, request(sealStep, challenge))).toBe("sealed");
    // Looked at there, the purchase has another script, and the first one is over.
    expect((await insert(chip)).answer.kind).toBe("script");
    expect(await asks(kiosk1, visit.sessionId, request(sealStep, challenge))).toBe("card.stale");
  });

  test("nothing is sealed for a terminal that gives its own insertion another one's name", async () => {
    const { chip, visit, request, sealStep, script } = await paidFor("namesake");
    const theirs = await openSession(our.world.sale, kiosk2, { reader: "r", atr: cpuAtr, powerUpId: visit.powerUpId });
    await putImage(our.world.sale, kiosk2, theirs.id, await runOnChip(chip, theirs.script, visit.powerUpId, noSeal));
    expect(script.steps[sealStep]?.op).toBe("seal");
    expect(await asks(kiosk2, theirs.id, request(sealStep, challenge))).toBe("notFound");
  });

  test("nothing is sealed for a script that ended unsealed", async () => {
    const { chip, visit, request, sealStep, script } = await paidFor("ended");
    await takeReport(our.world.sale, kiosk1, await runOnChip(chip, script, visit.powerUpId, noSeal));
    expect(await asks(kiosk1, visit.sessionId, request(sealStep, challenge))).toBe("card.stale");
  });

  test("nothing is sealed under the name of a script that another one has followed in the same power-up", async () => {
    const { chip, visit, request, sealStep, script } = await paidFor("followed");
    await endSession(our.world.sale, kiosk1, visit.sessionId);
    // The same name again: the second script differs from the first by nothing but itself.
    const again = await openSession(our.world.sale, kiosk1, { reader: "r", atr: cpuAtr, powerUpId: visit.powerUpId });
    const image = await runOnChip(chip, again.script, visit.powerUpId, noSeal);
    const answer = value(await putImage(our.world.sale, kiosk1, again.id, image));
    if (answer.kind !== "script") throw new Error(answer.kind);
    expect(answer.script.id).not.toBe(script.id);
    expect(await asks(kiosk1, again.id, request(sealStep, challenge))).toBe("card.stale");
    const second = { ...request(sealStep, challenge), scriptId: answer.script.id };
    expect(await asks(kiosk1, again.id, second)).toBe("sealed");
  });

  test("nothing is sealed for a card that was reported lost after its script had left", async () => {
    const { visit, request, sealStep, id } = await paidFor("lost meanwhile");
    const cardId = our.earth.purchases.get(id)?.cardId ?? "";
    const found = (await our.earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId);
    if (found === undefined) throw new Error("no card");
    // As the counter does it: whatever was issued for this card is over.
    const state = { ...found.state, status: "lost" as const, scriptSeq: found.state.scriptSeq + 1 };
    await our.earth.store.commit({
      eventId: "lost",
      at: our.earth.clock.now,
      subject: { kind: "card", id: cardId },
      event: { type: "lost" },
      writes: [{ kind: "card", id: cardId, expected: found.version, state }],
      guards: [],
      postings: [],
      tasks: { add: [], drop: [] },
    });
    expect(await asks(kiosk1, visit.sessionId, request(sealStep, challenge))).toBe("card.stale");
  });

  test("a kiosk's own PSAM is given what the centre would seal, and no more; a phone nothing", async () => {
    const { script, sealStep, seal } = await paidFor("psam");
    const step = script.steps[sealStep];
    if (step?.op !== "seal" || step.unsealed === undefined) throw new Error("nothing to seal");
    const { command, cipher, factor } = step.unsealed;
    const mac = cpuMac(cipher, sealKey, bytes(challenge), bytes(command));
    expect(await seal(sealStep, challenge)).toBe(command + toHex(mac));
    expect(factor).toMatch(/^\d+f+$/);
    const other = script.steps.filter((each) => each !== step);
    expect(JSON.stringify(other)).not.toContain("unsealed");
  });

  test("a CPU card is written at a phone too, and the purchase knows", async () => {
    const { card } = await newAccount(our.earth, "phone", { driver: openBCpuMoney });
    const chip = chipOf(card);
    const visit = await insert(chip, phone1);
    const { id } = await quoted(our.world, phone1, visit, amount(5_000));
    await confirmed(our.world, phone1, id);
    await pay(our.world, phone1, id);
    const wanted = value(await wantScript(our.world.sale, phone1, id, visit.sessionId));
    if (wanted.kind !== "script") throw new Error(wanted.kind);
    expect(wanted.script.steps.filter(({ op }) => op === "seal")).toEqual([
      { op: "seal", challengeBytes: 8, sw: "9000" },
    ]);
    expect(our.earth.purchases.get(id)?.issuedToPhone).toBe(true);
  });

  test.each([
    ["with keys of its own", [{ id: 1, key: sealKey }]],
    ["with no key at all", []],
    ["with its key locked", [{ id: 1, key: proofKey, locked: true }]],
  ])(
    "a copy of a card's bytes, %s, is refused before a sale, and its purchase waits for the card",
    async (how, keys) => {
      const { chip, card, visit } = await paidFor(`copied ${how}`);
      await endSession(our.world.sale, kiosk1, visit.sessionId);
      // What anybody can read: all of it, before the purchase's script and so the very image a refund would be believed by.
      const copy = chipOf(card, sealKey, keys);
      expect(copy.image()).toEqual(chip.image());
      expect((await insert(copy)).answer).toMatchObject({ kind: "refused", code: "card.foreign" });
      expect((await insert(chip)).answer.kind).toBe("script");
    },
  );

  test("the proof of an earlier insertion proves nothing", async () => {
    const { card } = await newAccount(our.earth, "proof again", { driver: openBCpuMoney });
    const chip = chipOf(card);
    const open = async (powerUpId: string) =>
      await openSession(our.world.sale, kiosk1, { reader: "r", atr: cpuAtr, powerUpId });
    const [first, second] = [await open("proof-1"), await open("proof-2")];
    const heard = await runOnChip(chip, first.script, "proof-2", noSeal);
    const replayed = { ...heard, scriptId: second.script.id };
    const answer = value(await putImage(our.world.sale, kiosk1, second.id, replayed));
    expect(answer).toMatchObject({ kind: "refused", code: "card.foreign" });
  });

  test("where no key can tell, the card is taken at its word", async () => {
    const { card } = await newAccount(our.earth, "proof unknown", { driver: openBCpuMoney });
    const sale = { ...our.world.sale, keys: { ...our.world.sale.keys, cardProves: async () => null } };
    const { id, script } = await openSession(sale, kiosk1, { reader: "r", atr: cpuAtr, powerUpId: "untold" });
    const copy = chipOf(card, sealKey, [{ id: 1, key: sealKey }]);
    const answer = value(await putImage(sale, kiosk1, id, await runOnChip(copy, script, "untold", noSeal)));
    expect(answer.kind).toBe("account");
  });

  test("where no key seals for its cipher, nothing is sold that could not be written", async () => {
    const { card } = await newAccount(our.earth, "no sealer", { driver: openBCpuMoney });
    const { sale } = our.world;
    const deaf = { ...sale, keys: { ...sale.keys, seals: (cipher: string) => cipher === "sm4" } };
    const { sessionId } = await insert(chipOf(card));
    const body = { cardSessionId: sessionId, entry: amount(5_000) };
    const key = (name: string) => ({ eventId: name, key: name, fingerprint: name });
    const refusal = await quotePurchase(deaf, kiosk1, body, key("no-sealer-1"));
    expect(refusal).toMatchObject({ ok: false, error: { code: "card.unknown" } });
    expect(await quotePurchase(sale, kiosk1, body, key("no-sealer-2"))).toMatchObject({ ok: true });
  });

  test("a CPU card that holds no application of ours is foreign", async () => {
    const stranger = new CpuCard({
      aid: bytes("a000000333010101"),
      cipher: "3des",
      externalKey: new Uint8Array(16),
      internalKeys: [],
      files: [],
      random: (length) => new Uint8Array(length),
    });
    expect((await insert(stranger)).answer).toMatchObject({ kind: "refused", code: "card.foreign" });
  });
});
