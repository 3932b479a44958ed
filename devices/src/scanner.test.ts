import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { serialScanner, tcpScanner } from "./lineScanner.ts";
import type { SerialPortLike } from "./lines/serialLine.ts";
import { symbolReader } from "./symbolReader.ts";
import { collector, testDevice } from "./testServer.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

describe("symbolReader", () => {
  it("drops the same code within two seconds of its last reading, not another, nor later", () => {
    let now = 0;
    const reader = symbolReader(() => now);
    const push = (code: string) => reader.push(Buffer.from(`${code}\r`));
    expect(push("A")).toEqual(["A"]);
    now = 1_999;
    expect(push("A")).toEqual([]);
    expect(push("B")).toEqual(["B"]);
    expect(push("A")).toEqual(["A"]);
    now = 3_998;
    expect(push("A")).toEqual([]);
    now = 5_998;
    expect(push("A")).toEqual(["A"]);
  });

  it("gives the same symbols however the bytes are cut", () => {
    const text = "131234567890123456\r\nwxp://f2f0\r281234567890123456\r";
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
        const reader = symbolReader(() => 0);
        const edges = [0, ...cuts.sort((a, b) => a - b), text.length];
        const codes = edges.slice(1).flatMap((end, i) => reader.push(Buffer.from(text.slice(edges[i], end))));
        expect(codes).toEqual(["131234567890123456", "wxp://f2f0", "281234567890123456"]);
      }),
    );
  });

  it("drops noise without end and goes on after it", () => {
    const reader = symbolReader(() => 0);
    expect(reader.push(Buffer.alloc(5_000, 0x41))).toEqual([]);
    expect(reader.push(Buffer.from("A\rB\r"))).toEqual(["B"]);
  });
});

describe("tcpScanner", () => {
  it("emits codes, and goes on after a lost line", async () => {
    const device = await testDevice(() => undefined);
    const scanner = tcpScanner(device.url);
    open.push(scanner, device);
    const events = collector<{ type: string }>();
    scanner.subscribe(events.push);
    await events.next(2);
    (await device.client()).write("131234567890123456\r");
    await events.next(3);
    device.dropClients();
    const all = await events.next(5);
    expect(all.map((event) => event.type)).toEqual(["fault", "ready", "code", "fault", "ready"]);
    expect(all[2]).toEqual({ type: "code", code: "131234567890123456" });
  });
});

describe("serialScanner", () => {
  it("opens the configured path, emits codes and opens again after an unplug", async () => {
    const handlers: Record<string, (chunk: Buffer) => void> = {};
    const opened: string[] = [];
    let isOpen = false;
    const port: SerialPortLike = {
      on: (event: string, listener: (chunk: Buffer) => void) => {
        handlers[event] = listener;
      },
      open: () => {
        isOpen = true;
        handlers.open?.(Buffer.alloc(0));
      },
      write: () => undefined,
      close: (done) => {
        isOpen = false;
        done();
      },
      get isOpen() {
        return isOpen;
      },
    };
    const scanner = serialScanner("/dev/serial/by-id/scanner", {
      openPort: async (path, baud) => {
        opened.push(`${path} ${baud}`);
        return port;
      },
    });
    open.push(scanner);
    const events = collector<{ type: string }>();
    scanner.subscribe(events.push);
    await events.next(2);
    handlers.data?.(Buffer.from("281234567890123456\r"));
    handlers.close?.(Buffer.alloc(0));
    const all = await events.next(5);
    expect(all.map((event) => event.type)).toEqual(["fault", "ready", "code", "fault", "ready"]);
    expect(opened).toEqual(["/dev/serial/by-id/scanner 9600"]);
  });
});
