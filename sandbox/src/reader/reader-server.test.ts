import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CpuCard } from "../chip/cpu-card.ts";
import { blankChip, Sle4442 } from "../chip/sle4442.ts";
import { type ReaderServer, serveReader } from "./reader-server.ts";
import { ReaderSlot, type VirtualCard, type WriteSeen } from "./slot.ts";

/** A client of the wire: sends lines, hands out the lines that come back in their order. */
class Client {
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string) => void)[] = [];
  readonly closed: Promise<void>;

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.closed = new Promise((resolve) => this.#socket.on("close", () => resolve()));
    let rest = "";
    this.#socket.on("data", (chunk) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#lines.push(line);
        else waiting(line);
      }
    });
  }

  async next(): Promise<unknown> {
    const line = this.#lines.shift() ?? (await new Promise<string>((resolve) => this.#waiting.push(resolve)));
    return JSON.parse(line);
  }

  sendText(text: string): void {
    this.#socket.write(text);
  }

  async command(insertion: number, apdu: string): Promise<unknown> {
    this.sendText(`${JSON.stringify({ id: 1, insertion, apdu })}\n`);
    return this.next();
  }

  end(): void {
    this.#socket.destroy();
  }
}

let server: ReaderServer;
let slot: ReaderSlot;
let client: Client;
let writes: WriteSeen[];
let pause: () => Promise<void>;
const SELECT = "ffa400000106";
const PRESENT = "ff20000003123456";

function card(mute = false): VirtualCard {
  return { id: "a", chip: new Sle4442(blankChip("123456")), mute, tearAfterBytes: null };
}

beforeEach(async () => {
  writes = [];
  pause = () => Promise.resolve();
  slot = new ReaderSlot(11, {
    stepPause: () => pause(),
    chipChanged: () => {},
    written: (write) => writes.push(write),
    changed: () => server.announce(),
  });
  server = await serveReader(slot, 0);
  client = new Client(server.port);
});

afterEach(async () => {
  client.end();
  await server.close();
});

test("tells the state on connect and at every change, with growing insertion numbers", async () => {
  expect(await client.next()).toEqual({ event: "state", card: null });
  slot.insert(card(), false);
  expect(await client.next()).toEqual({ event: "state", card: { insertion: 12, atr: "3b04a2131091" } });
  slot.remove();
  expect(await client.next()).toEqual({ event: "state", card: null });
  slot.insert(card(), true);
  expect(await client.next()).toEqual({ event: "state", card: { insertion: 13, atr: null } });
});

test("a mute card has no ATR and answers no command", async () => {
  await client.next();
  slot.insert(card(true), false);
  expect(await client.next()).toEqual({ event: "state", card: { insertion: 12, atr: null } });
  expect(await client.command(12, SELECT)).toEqual({ id: 1, response: "6300" });
});

describe("with a card", () => {
  let inserted: VirtualCard;

  beforeEach(async () => {
    await client.next();
    inserted = card();
    slot.insert(inserted, false);
    await client.next();
  });

  test("answers the dialect of the page: select first, read, counter, protection, write, read back", async () => {
    expect(await client.command(12, "ffb0000004")).toEqual({ id: 1, response: "6985" });
    expect(await client.command(12, SELECT)).toEqual({ id: 1, response: "9000" });
    expect(await client.command(12, "ffb0000004")).toEqual({ id: 1, response: "a21310919000" });
    expect(await client.command(12, "ffb0000000")).toMatchObject({ response: expect.stringMatching(/^.{512}9000$/) });
    expect(await client.command(12, "ffb1000004")).toEqual({ id: 1, response: "070000009000" });
    expect(await client.command(12, "ffb2000004")).toEqual({ id: 1, response: "f0ffffff9000" });
    expect(await client.command(12, "ffd0002002aabb")).toEqual({ id: 1, response: "9000" });
    expect(await client.command(12, "ffb0002002")).toEqual({ id: 1, response: "ffff9000" });
    expect(await client.command(12, PRESENT)).toEqual({ id: 1, response: "9007" });
    expect(await client.command(12, "ffd0002002aabb")).toEqual({ id: 1, response: "9000" });
    expect(await client.command(12, "ffb0002002")).toEqual({ id: 1, response: "aabb9000" });
    expect(await client.command(12, "ff00000000")).toEqual({ id: 1, response: "6d00" });
    expect(await client.command(12, "ffb000ff02")).toEqual({ id: 1, response: "6b00" });
  });

  test("wrong codes answer 9003, 9001, 9000, and then the right one 9000 too", async () => {
    await client.command(12, SELECT);
    const answers = [];
    for (const secret of ["000000", "000000", "000000", "123456"]) {
      answers.push(await client.command(12, `ff20000003${secret}`));
    }
    expect(answers).toEqual(["9003", "9001", "9000", "9000"].map((response) => ({ id: 1, response })));
  });

  test("a changed code opens the card from the next power-up on", async () => {
    await client.command(12, SELECT);
    await client.command(12, PRESENT);
    expect(await client.command(12, "ffd2000103abcdef")).toEqual({ id: 1, response: "9000" });
    await client.command(12, SELECT);
    expect(await client.command(12, "ff20000003abcdef")).toEqual({ id: 1, response: "9007" });
  });

  test("select is a power-up: the code must be given again", async () => {
    await client.command(12, SELECT);
    await client.command(12, PRESENT);
    await client.command(12, SELECT);
    await client.command(12, "ffd000200100");
    expect(inserted.chip.image()[32]).toBe(0xff);
  });

  test("a command that names another insertion gets removed", async () => {
    expect(await client.command(11, SELECT)).toEqual({ id: 1, error: "removed" });
  });

  test("torn: the bytes before are whole, the one at the cut is erased, those after are untouched", async () => {
    await client.command(12, SELECT);
    await client.command(12, PRESENT);
    await client.command(12, "ffd000200411111111");
    inserted.tearAfterBytes = 2;
    client.sendText(`${JSON.stringify({ id: 2, insertion: 12, apdu: "ffd000200422222222" })}\n`);
    expect(await client.next()).toEqual({ event: "state", card: null });
    expect(await client.next()).toEqual({ id: 2, error: "removed" });
    expect([...inserted.chip.image().slice(32, 36)]).toEqual([0x22, 0x22, 0xff, 0x11]);
    expect(inserted.tearAfterBytes).toBeNull();
    expect(writes.map((write) => write.torn)).toEqual([false, true]);
  });

  test("the count of bytes before the tear runs on over several writes", async () => {
    await client.command(12, SELECT);
    await client.command(12, PRESENT);
    inserted.tearAfterBytes = 3;
    expect(await client.command(12, "ffd00020020000")).toEqual({ id: 1, response: "9000" });
    client.sendText(`${JSON.stringify({ id: 2, insertion: 12, apdu: "ffd0003003000000" })}\n`);
    await client.next();
    expect(await client.next()).toEqual({ id: 2, error: "removed" });
    // FF → 00 needs no erase, so the byte at the cut stays as it was.
    expect([...inserted.chip.image().slice(48, 51)]).toEqual([0, 0xff, 0xff]);
  });

  test("a card taken out by hand in the middle of a write ends it there", async () => {
    await client.command(12, SELECT);
    await client.command(12, PRESENT);
    let steps = 0;
    pause = () => {
      steps += 1;
      if (steps === 3) slot.remove();
      return Promise.resolve();
    };
    client.sendText(`${JSON.stringify({ id: 2, insertion: 12, apdu: "ffd000200400000000" })}\n`);
    await client.next();
    expect(await client.next()).toEqual({ id: 2, error: "removed" });
    expect([...inserted.chip.image().slice(32, 36)]).toEqual([0, 0, 0xff, 0xff]);
  });

  test("a newer client replaces the older one; nonsense ends the connection", async () => {
    const newer = new Client(server.port);
    await newer.next();
    await client.closed;
    newer.sendText("nonsense\n");
    await newer.closed;
  });
});

test("a CPU card gets its commands as they are; a command it is pulled in is not done", async () => {
  await client.next();
  const state = { aidHex: "a001", cipher: "sm4", externalKeyHex: "09".repeat(16), tries: 3 } as const;
  const chip = CpuCard.of({ kind: "cpu", ...state, files: [{ sfi: 3, contentHex: "0000", keyHex: "03".repeat(16) }] });
  const cpu: VirtualCard = { id: "cpu", chip, mute: false, tearAfterBytes: null };
  slot.insert(cpu, false);
  expect(await client.next()).toMatchObject({ card: { atr: "3b67000043495459474153" } });
  expect(await client.command(12, "00a4040002a001")).toMatchObject({ response: expect.stringMatching(/9000$/) });
  expect(await client.command(12, "00b0830002")).toEqual({ id: 1, response: "00009000" });
  // Without a challenge before it, the update is refused.
  expect(await client.command(12, "04d6830006aabb00000000")).toEqual({ id: 1, response: "6984" });
  cpu.tearAfterBytes = 1;
  client.sendText(`${JSON.stringify({ id: 2, insertion: 12, apdu: "04d6830006aabb00000000" })}\n`);
  expect(await client.next()).toEqual({ event: "state", card: null });
  expect(await client.next()).toEqual({ id: 2, error: "removed" });
  expect(writes.map(({ torn }) => torn)).toEqual([false, true]);
  expect([...chip.image()]).toEqual([0, 0]);
});
