/**
 * A kiosk whose cards only makers' own DLLs can read and write, in a whole city: sold to, refused where two makers claim a
 * card, and where the DLL dies in a write, finished by what the card says next, or decided by two people with the meter's index.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { booksBalance } from "./books.ts";
import { type DllFields, type DllStandIn, dllStandIn } from "./dllStandIn.ts";
import { type Hand, takeHand } from "./hand.ts";
import { officeOf, register } from "./office.ts";
import { newest, reaches, settled } from "./oracle.ts";
import { logFiles } from "./secrets.ts";
import { startWorld, type World } from "./world.ts";

const account = "0961200488";
const issued: DllFields = {
  kh: "0311203086",
  dqdm: "0961",
  kzt: 1,
  klx: 1,
  ql: 0,
  cs: 3,
  ljgql: 250,
  bkcs: 0,
  ljyql: 23_456,
  syql: 1_544,
  bjql: 10,
  czsx: 600,
  tzed: 0,
  sqrq: "20261101",
};
const hundredths = 100;
const lateMs = 120_000;
/** 4 m³ at 2.53 yuan. */
const entry = "4";
const paidFen = 1_012;

describe("a card of a maker behind the DLL bridge", () => {
  let dll: DllStandIn;
  let world: World;
  let hand: Hand;
  /** The card as it lies at the customer's home. */
  let card = issued;

  beforeAll(async () => {
    dll = dllStandIn();
    world = await startWorld({ env: { CITYGAS_READERS: `kiosk-1=${dll.reader}`, CITYGAS_LOG: "trace" } });
    await register(officeOf(world), {
      accountNumber: account,
      meterSerial: "DL2026110001",
      card: { cardNumber: "0311203086", layout: "dll-xf-volume", history: { count: 3, totalCredited: 250_000 } },
      areaCode: "0961",
      tiers: [{ uptoL: null, priceE4: 25_300 }],
    });
    hand = takeHand(world, "kiosk-1");
    await hand.sees("home", 60_000);
  });
  afterAll(async () => {
    hand?.close();
    await world?.stop();
    dll?.close();
  });
  afterEach(async () => {
    out();
    await settled(world);
    await booksBalance(world);
  });

  const put = (claimedBy = ["xianfeng"]): void => dll.set({ card: { claimedBy, fields: card } });
  /** Into the customer's pocket, as the DLL left it. */
  function out(): void {
    if (dll.slot() === null) return;
    card = dll.fields();
    dll.set({ card: null });
  }
  /** Says that all is read, whatever the screen is, and waits until the kiosk is everybody's again. */
  async function home(): Promise<void> {
    out();
    for (const what of ["done", "ok"] as const) hand.act({ do: what });
    await hand.sees(["home", "insertCard"], 60_000);
  }
  /** What its meter does with it: class C, takes what is on it and clears it. */
  function intoMeter(): void {
    card = { ...card, syql: card.syql + card.ql * hundredths, ql: 0 };
  }
  async function buys(): Promise<void> {
    put();
    await hand.sees("account");
    hand.key(entry);
    hand.act({ do: "ok" });
    await hand.sees("confirm");
    hand.act({ do: "pay" });
    await hand.sees("pay");
    await world.sandbox.present("wechat", "kiosk-1");
  }
  /** The card goes in once more. */
  async function again(): Promise<void> {
    await home();
    put();
  }
  const writes = (): string[] => dll.calls().filter((line) => line.endsWith("WriteGasCard"));
  const net = async (): Promise<number> => (await world.sandbox.ledger("wechat")).netFen;
  const openTasks = () =>
    world.query<{ kind: string }>(
      `select t.kind from staff_task t join purchase p on p.id = t.ref join account_registration r
       on r.id = p.account_id where r.number = $1 and t.closed_at is null`,
      [account],
    );

  it("is sold to: one call of its DLL, amount and count as given", { timeout: lateMs }, async () => {
    await buys();
    await hand.sees("success");
    await reaches(world, account, "delivered");
    expect(writes()).toEqual(["xianfeng WriteGasCard"]);
    expect(dll.fields()).toMatchObject({ ql: 4, cs: 4, ljgql: 254 });
    expect(await net()).toBe(paidFen);
    // Until its meter has taken it, nothing more is sold.
    await again();
    await hand.sees("gasOnCard");
    await home();
    intoMeter();
    put();
    await hand.sees("account");
  });

  it("that two makers claim is the counter's, and so is a tool card: neither is read, nor written", {
    timeout: lateMs,
  }, async () => {
    await home();
    const [read, written] = [dll.calls().filter((line) => line.endsWith("ReadGasCard")).length, writes().length];
    for (const [odd, code] of [
      [{ claimedBy: ["xianfeng", "dandong"] }, "card.unknown"],
      [{ claimedBy: ["dandong"], tool: true }, "card.tool"],
      [{ claimedBy: [] }, "card.foreign"],
    ] as const) {
      dll.set({ card: { ...odd, claimedBy: [...odd.claimedBy], fields: card } });
      expect(await hand.sees("refused")).toMatchObject({ code });
      await home();
    }
    expect(dll.calls().filter((line) => line.endsWith("ReadGasCard"))).toHaveLength(read);
    expect(writes()).toHaveLength(written);
  });

  it("whose DLL died after it had written: the next reading finds it, and it is not written twice", {
    timeout: lateMs,
  }, async () => {
    const [before, writtenBefore] = [card.cs, writes().length];
    await home();
    dll.set({ fault: { on: "WriteGasCard", kind: "crashesAfter" } });
    await buys();
    await reaches(world, account, "unknown");
    await again();
    await hand.sees(["success", "gasOnCard"]);
    await reaches(world, account, "delivered");
    expect(writes()).toHaveLength(writtenBefore + 1);
    expect(dll.fields()).toMatchObject({ ql: 4, cs: Number(before) + 1 });
    out();
    intoMeter();
  });

  it("whose DLL died before it had written: a person is asked, no reader writes it, two people give the money back", {
    timeout: lateMs,
  }, async () => {
    const [paid, writtenBefore] = [await net(), writes().length];
    await home();
    dll.set({ fault: { on: "WriteGasCard", kind: "crashesBefore" } });
    await buys();
    await reaches(world, account, "unknown");
    await again();
    await hand.sees(["writeFailed", "refused"]);
    await reaches(world, account, "manual");
    // And once more: it stays with the person.
    await again();
    await hand.sees(["writeFailed", "refused"]);
    expect((await newest(world, account)).status).toBe("manual");
    expect(writes()).toHaveLength(writtenBefore + 1);
    expect(await openTasks()).toEqual([{ kind: "purchase.manual" }]);
    expect(await net()).toBe(paid + paidFen);
    out();

    const [row] = await world.query<{ id: string }>(
      "select p.id from purchase p where p.status = 'manual' and p.number = $1",
      [(await newest(world, account)).number],
    );
    const ask = { kind: "purchase.decide", ref: row?.id, evidence: "到户抄表" };
    const cashier = officeOf(world, "cashier");
    // Without the meter's index there is no proof, whoever asks.
    await expect(cashier("POST", "/decisions", { ...ask, doc: { to: "refunding" } })).rejects.toThrow(
      "refund.indexNeeded",
    );
    const asked = await cashier("POST", "/decisions", { ...ask, doc: { to: "refunding", indexL: 238_560 } });
    await expect(cashier("POST", `/decisions/${asked.id}/confirm`, {})).rejects.toThrow(/40[39]/);
    await officeOf(world, "supervisor")("POST", `/decisions/${asked.id}/confirm`, {});
    await reaches(world, account, "refunded");
    expect(await net()).toBe(paid);
  });

  it("is sold to again after that, and its DLLs were never asked for more than to look, to read and to write", {
    timeout: lateMs,
  }, async () => {
    await home();
    const before = Number(card.cs);
    await buys();
    await hand.sees("success");
    await reaches(world, account, "delivered");
    expect(dll.fields()).toMatchObject({ cs: before + 1, ql: 4 });
    const asked = new Set(dll.calls().map((line) => line.split(" ")[1]));
    expect([...asked].sort()).toEqual(["CheckGasCard", "ReadGasCard", "WriteGasCard"]);
    // Of the maker that claims none of the cards, only whether one is its.
    expect(dll.calls().filter((line) => line.startsWith("dandong") && !line.endsWith("CheckGasCard"))).toEqual([]);
    // What the DLL is told of a card stays between it and the kiosk.
    for (const { name, text } of logFiles(world.dataDir)) expect(text, name).not.toContain('"ljgql"');
  });
});
