import type { Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type EscposPrinterOptions, escposPrinter } from "./escposPrinter.ts";
import { paperState } from "./escposStatus.ts";
import type { ReceiptPrinter } from "./peripherals.ts";
import { type TestDevice, testDevice } from "./testServer.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

/** A printer that answers status by the table given and `GS r` by `ordered` (null: says nothing). */
async function setUp(
  status: { printer: number; cause: number; paper: number },
  ordered: number | null,
  times: EscposPrinterOptions = { printGraceMs: 30 },
): Promise<{ printer: ReceiptPrinter; printed: () => string; device: TestDevice; ready: () => Promise<void> }> {
  let printed = "";
  const onData = (socket: Socket, bytes: Buffer) => {
    const asked = { "100401": status.printer, "100402": status.cause, "100404": status.paper }[bytes.toString("hex")];
    if (asked !== undefined) return void socket.write(Uint8Array.of(asked));
    printed += bytes.toString("hex");
    if (printed.endsWith("1d7201") && ordered !== null) socket.write(Uint8Array.of(ordered));
  };
  const device = await testDevice(onData);
  const printer = escposPrinter(device.url, times);
  open.push(printer, device);
  const ready = async () => {
    await vi.waitFor(async () => expect(await printer.paper()).not.toBe("unknown"), { timeout: 10_000, interval: 5 });
  };
  return { printer, printed: () => printed, device, ready };
}

describe("escposPrinter", () => {
  it("prints when the printer itself says the paper moved", async () => {
    const { printer, printed, ready } = await setUp({ printer: 0x12, cause: 0x12, paper: 0x12 }, 0x00);
    await ready();
    expect(await printer.paper()).toBe("full");
    expect(await printer.print(Buffer.from("receipt"))).toEqual({ ok: true });
    expect(printed()).toBe(`${Buffer.from("receipt").toString("hex")}1d7201`);
  });

  it("asks once when the receipt already ends with the question", async () => {
    const { printer, printed, ready } = await setUp({ printer: 0x12, cause: 0x12, paper: 0x12 }, 0x00);
    await ready();
    expect(await printer.print(Uint8Array.of(0x41, 0x1d, 0x72, 0x01))).toEqual({ ok: true });
    expect(printed()).toBe("411d7201");
  });

  it("sends nothing to a printer without paper", async () => {
    const { printer, printed, ready } = await setUp({ printer: 0x1a, cause: 0x32, paper: 0x7e }, null);
    await ready();
    expect(await printer.print(Buffer.from("receipt"))).toEqual({ ok: false, reason: "paperOut" });
    expect(printed()).toBe("");
  });

  it("tells paper that ran out on the way from silence", async () => {
    const status = { printer: 0x12, cause: 0x12, paper: 0x1e };
    const { printer, ready } = await setUp(status, null);
    await ready();
    expect(await printer.paper()).toBe("low");
    const printing = printer.print(Buffer.from("receipt"));
    // Status before the data was fine; the answer after it never comes.
    const silent = await printing;
    expect(silent).toEqual({ ok: false, reason: "timeout" });
    await ready();
    Object.assign(status, { printer: 0x1a, cause: 0x32, paper: 0x7e });
    expect(await printer.print(Buffer.from("receipt"))).toEqual({ ok: false, reason: "paperOut" });
  });

  it.each([
    ["jammed", { printer: 0x1a, cause: 0x52, paper: 0x12 }],
    ["paperOut", { printer: 0x1a, cause: 0x32, paper: 0x7e }],
  ] as const)(
    "%s in the middle of a receipt is known at the next look, not at the end of all patience",
    async (reason, trouble) => {
      const status = { printer: 0x12, cause: 0x12, paper: 0x12 };
      const { printer, printed, ready } = await setUp(status, null, { printGraceMs: 3_600_000, lookEveryMs: 5 });
      await ready();
      const printing = printer.print(Buffer.from("receipt"));
      await vi.waitFor(() => expect(printed()).toContain("1d7201"), { timeout: 10_000, interval: 2 });
      Object.assign(status, trouble);
      expect(await printing).toEqual({ ok: false, reason });
    },
  );

  it("hears that the paper moved also while it looks", async () => {
    const { printer, device, printed, ready } = await setUp({ printer: 0x12, cause: 0x12, paper: 0x12 }, null, {
      printGraceMs: 3_600_000,
      lookEveryMs: 5,
    });
    await ready();
    const printing = printer.print(Buffer.from("receipt"));
    await vi.waitFor(() => expect(printed()).toContain("1d7201"), { timeout: 10_000, interval: 2 });
    (await device.client()).write(Uint8Array.of(0x00));
    expect(await printing).toEqual({ ok: true });
  });

  it("waits for one that is too busy to say how it is", async () => {
    const status = { printer: 0x12, cause: 0x12, paper: 0x12 };
    let busy = false;
    const device = await testDevice((socket, bytes) => {
      const asked = { "100401": status.printer, "100402": status.cause, "100404": status.paper }[bytes.toString("hex")];
      if (asked !== undefined && !busy) return void socket.write(Uint8Array.of(asked));
      // Asked while it prints, it keeps silent; a moment later the paper has moved.
      if (asked !== undefined) setTimeout(() => socket.write(Uint8Array.of(0x00)), 40);
      busy = true;
    });
    const printer = escposPrinter(device.url, { printGraceMs: 3_600_000, lookEveryMs: 5, statusTimeoutMs: 20 });
    open.push(printer, device);
    await vi.waitFor(async () => expect(await printer.paper()).toBe("full"), { timeout: 10_000, interval: 5 });
    expect(await printer.print(Buffer.from("receipt"))).toEqual({ ok: true });
  });

  it("is offline when nobody is there", async () => {
    const device = await testDevice(() => undefined);
    await device.close();
    const printer = escposPrinter(device.url);
    open.push(printer);
    expect(await printer.print(Buffer.from("receipt"))).toEqual({ ok: false, reason: "offline" });
    expect(await printer.paper()).toBe("unknown");
  });
});

describe("paperState", () => {
  it.each([
    [0x12, 0x12, 0x12, "full"],
    [0x12, 0x12, 0x1e, "low"],
    [0x1a, 0x32, 0x7e, "out"],
    [0x1a, 0x32, null, "out"],
    [0x1a, 0x16, 0x12, "jammed"],
    [null, null, null, "unknown"],
  ] as const)("%s %s %s is %s", (printer, cause, paper, state) => {
    expect(paperState({ printer, cause, paper })).toBe(state);
  });
});
