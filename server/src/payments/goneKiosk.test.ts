/** A kiosk dies while a payment waits: nobody waits for that money any more (facts/payments.md §6, "When the kiosk dies"). */
import { beforeEach, expect, test } from "vitest";
import { type Earth, kiosk1, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import {
  amount,
  booksHold,
  confirmed,
  insert,
  makeWorld,
  pass,
  pay,
  quoted,
  stateOf,
  type World,
  workOff,
} from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";

const heartbeatMs = 5_000;
let earth: Earth;
let world: World;
let id: string;
/** When the kiosk was last heard of; null: never. */
let heardAt: number | null;

/** A server process that hears what any of them heard. */
function serverProcess(): World {
  const made = makeWorld(earth);
  made.sale.terminalSeenAt = async (terminalId) => (terminalId === kiosk1.id ? heardAt : null);
  return made;
}

beforeEach(async () => {
  earth = makeEarth(openMemoryStore());
  world = serverProcess();
  const { card } = await newAccount(earth, "a", { balanceFen: 30 });
  await lives(60_000);
  const visit = await insert(world, kiosk1, card);
  ({ id } = await quoted(world, kiosk1, visit, amount(1_030)));
  await confirmed(world, kiosk1, id);
  earth.bank.fates.push("password");
  await pay(world, kiosk1, id);
});

async function lives(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += heartbeatMs) {
    heardAt = earth.clock.now;
    await pass(world, heartbeatMs);
  }
  heardAt = earth.clock.now;
}
const reverses = () => earth.bank.calls.filter(({ call }) => call === "reverse").length;
const purchase = () => stateOf(world, id);

test("given up after 20 s of silence instead of at the deadline; void when the gateway has confirmed it", async () => {
  await pass(world, 20_000);
  expect((await purchase()).state).toBe("paying");
  await pass(world, 5_000);
  expect(await purchase()).toMatchObject({ state: "void", reason: "terminalGone" });
  expect(reverses()).toBe(1);
  expect(earth.bank.netFen()).toBe(0);
  await booksHold(earth);
});

test("a kiosk that lives keeps its customer's whole 45 seconds", async () => {
  await lives(40_000);
  expect((await purchase()).state).toBe("paying");
  earth.bank.payOpen();
  await lives(5_000);
  expect((await purchase()).state).toBe("paid");
});

test("paid before it was given up: paid, whatever became of the kiosk, and owed to the card", async () => {
  await pass(world, 20_000);
  earth.bank.payOpen();
  await pass(world, 60_000);
  expect((await purchase()).state).toBe("paid");
  expect(earth.bank.netFen()).toBe(1_000);
});

test("paid after it was given up: the money goes back", async () => {
  await pass(world, 20_000);
  earth.bank.payOpen();
  // The answer that gives it up was on its way before the password was typed.
  earth.bank.down = true;
  await pass(world, 5_000);
  earth.bank.down = false;
  await pass(world, 30_000);
  expect(await purchase()).toMatchObject({ state: "void", reason: "terminalGone" });
  expect(earth.bank.netFen()).toBe(0);
  await booksHold(earth);
});

test("never reversed within 15 s of the submit, however long the kiosk has been silent", async () => {
  heardAt = earth.clock.now - 60_000;
  await pass(world, 14_000, 1_000);
  expect((await purchase()).state).toBe("paying");
  await pass(world, 2_000, 1_000);
  expect(await purchase()).toMatchObject({ state: "void", reason: "terminalGone" });
  expect(reverses()).toBe(1);
});

test("its gateway calls it failed and never confirms the reverse: the card is free, the reverse goes on", async () => {
  earth.bank.channel.query = async () => ({ kind: "payError", verified: true });
  await lives(30_000);
  const before = reverses();
  expect(before).toBeGreaterThan(1);
  expect((await purchase()).state).toBe("paying");
  await pass(world, 60_000);
  expect(await purchase()).toMatchObject({ state: "closing", reason: "terminalGone" });
  const cardId = (await purchase()).cardId ?? "";
  const card = (await earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId);
  expect(card?.state.openPurchaseId).toBeNull();
  expect(reverses()).toBeGreaterThan(before);
});

test("a kiosk that never said that it lives is not missed", async () => {
  heardAt = null;
  await pass(world, 40_000);
  expect((await purchase()).state).toBe("paying");
});

test("no server ran, so no kiosk was heard: a new process first listens for 20 s", async () => {
  earth.clock.now += 24_000;
  world = serverProcess();
  await pass(world, 20_000);
  expect((await purchase()).state).toBe("paying");
  earth.bank.payOpen();
  await pass(world, 1_000);
  expect((await purchase()).state).toBe("paid");
});

test("the process could not reach its database for a while: what it did not hear in that time proves nothing", async () => {
  const { claim } = world.sale.store;
  world.sale.store.claim = () => Promise.reject(new Error("the database is away"));
  earth.clock.now += 24_000;
  await expect(workOff(world)).rejects.toThrow("away");
  world.sale.store.claim = claim;
  await pass(world, 15_000);
  expect((await purchase()).state).toBe("paying");
});
