import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Answer, PurchaseView, TerminalApi } from "@citygas/api";
import type { CardReader, CodeScanner, Psam, ReaderEvent, ReceiptPrinter } from "@citygas/devices";
import { type Journal, openJournal } from "@citygas/terminal";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type CrashPoint, crashPoints } from "./crash.ts";
import * as t from "./flow/testWorld.ts";
import { type Agent, runAgent } from "./run.ts";
import type { Action, Screen } from "./view.ts";

let folder = "";
const agents: Agent[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agent-"));
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
  await rm(folder, { recursive: true });
});

const secret = "a1b2c3";
const sealedApdu = "04d6820a0801020304f5a92ed7";
const writeScript = {
  ...t.script("w1", "write"),
  steps: [
    { op: "present" as const, secret },
    { op: "write" as const, offset: 64, data: "aabb" },
  ],
  deadlineAt: Number.MAX_SAFE_INTEGER,
};

/** A kiosk with everything around it in memory; `calls` is what happened, in order. */
async function kiosk(
  over: Partial<TerminalApi> = {},
  journalOver: Partial<Journal> = {},
  readerOver: Partial<CardReader> = {},
  psam: Psam | null = null,
) {
  const calls: string[] = [];
  const logs: string[] = [];
  const said = <T>(name: string, value: T): Promise<Answer<T>> => {
    calls.push(name);
    return Promise.resolve({ ok: true, value });
  };
  const heard: ((view: PurchaseView) => void)[] = [];
  const api: TerminalApi = {
    me: async () => t.ok(t.config),
    openSession: () =>
      said("openSession", { id: "s1", script: { ...t.script("pr", "probe"), deadlineAt: writeScript.deadlineAt } }),
    putImage: () => said("putImage", t.accountAnswer()),
    postReport: (_, report) =>
      said(`postReport ${report.scriptId}`, {
        kind: "delivered" as const,
        purchase: t.purchase({ version: 9, state: "delivered" }),
        resumed: false,
      }),
    seal: (_, { step, challenge }) => said(`seal ${step} ${challenge}`, { apdu: sealedApdu }),
    endSession: () => said("endSession", null),
    newPurchase: () => said("newPurchase", t.purchase()),
    confirm: () => said("confirm", t.paying()),
    attempt: () => said("attempt", t.paying({ version: 3, acceptsCode: false, attempt: t.attempt("submitted") })),
    cancel: () => said("cancel", t.purchase({ version: 8, state: "void" })),
    purchase: async () => t.unreachable,
    wantScript: () =>
      said("wantScript", {
        kind: "script" as const,
        script: writeScript,
        purchase: t.purchase({ version: 5, state: "issued" }),
        resumed: false,
      }),
    receipt: async () => t.unreachable,
    async *events(_id, _after, signal) {
      const view = await new Promise<PurchaseView | null>((resolve) => {
        heard.push(resolve);
        signal.addEventListener("abort", () => resolve(null));
      });
      if (view !== null) yield view;
    },
    ...over,
  };
  const file = await openJournal(join(folder, "journal.log"));
  const journal: Journal = {
    ...file,
    write: async (entry) => {
      await file.write(entry);
      calls.push(`journal ${entry.kind}`);
    },
    ...journalOver,
  };
  const memory = new Uint8Array(256);
  let onReader: (event: ReaderEvent) => void = () => undefined;
  const reader: CardReader = {
    subscribe: (listener) => {
      onReader = listener;
      listener({ type: "ready" });
      return () => undefined;
    },
    select: async () => ({ ok: true, value: null }),
    read: async (_, offset, length) => ({ ok: true, value: memory.slice(offset, offset + length) }),
    counter: async () => ({ ok: true, value: 7 }),
    present: async () => {
      calls.push("present");
      return { ok: true, value: 7 };
    },
    write: async (_, offset, data) => {
      calls.push("write");
      memory.set(data, offset);
      return { ok: true, value: null };
    },
    close: async () => undefined,
    ...readerOver,
  };
  let onCode: Parameters<CodeScanner["subscribe"]>[0] = () => undefined;
  const scanner: CodeScanner = {
    subscribe: (listener) => {
      onCode = listener;
      listener({ type: "ready" });
      return () => undefined;
    },
    close: async () => undefined,
  };
  const printer: ReceiptPrinter = {
    paper: async () => "full",
    print: async () => ({ ok: true }),
    close: async () => undefined,
  };
  const crashed: CrashPoint[] = [];
  let ids = 0;
  const agent = runAgent({
    api,
    reader,
    psam,
    scanner,
    printer,
    journal,
    render: () => Uint8Array.of(1),
    name: "kiosk-1",
    nowMs: () => performance.timeOrigin + performance.now(),
    newId: () => `id-${ids++}`,
    log: (event, fields) => logs.push(JSON.stringify({ event, ...fields })),
    crash: (point) => crashed.push(point),
    fatal: (error) => {
      throw error;
    },
  });
  agents.push(agent);
  const until = (name: Screen["name"]) =>
    vi.waitFor(() => expect(agent.feed.current().screen.name).toBe(name), { timeout: 5_000, interval: 2 });
  return {
    agent,
    calls,
    logs,
    crashed,
    until,
    act: (action: Action) => agent.act({ type: "action", seq: agent.feed.current().seq, action }),
    reader: (event: ReaderEvent) => onReader(event),
    scan: (code: string) => onCode({ type: "code", code }),
    news: (view: PurchaseView) => heard.at(-1)?.(view),
  };
}

async function toWriting(k: Awaited<ReturnType<typeof kiosk>>): Promise<void> {
  await k.until("home");
  k.reader({ type: "inserted", powerUpId: "p1", atr: "3b04" });
  await k.until("account");
  k.act({ do: "quick", value: 5_000 });
  k.act({ do: "ok" });
  await k.until("confirm");
  k.act({ do: "pay" });
  await k.until("pay");
  k.scan(t.wechatCode);
  await k.until("payWaiting");
  await vi.waitFor(() => expect(k.calls).toContain("attempt"));
  k.news(t.purchase({ version: 4, state: "paid", attempt: t.attempt("paid") }));
}
async function sell(k: Awaited<ReturnType<typeof kiosk>>): Promise<void> {
  await toWriting(k);
  await k.until("success");
}

describe("runAgent", () => {
  it("sells, with the intent on the disk before each act, and nothing secret in journal, log or view", async () => {
    const k = await kiosk();
    const views: string[] = [];
    k.agent.feed.subscribe((view) => views.push(JSON.stringify(view)));
    await sell(k);
    await vi.waitFor(() => expect(k.calls).toContain("journal purchaseClosed"));
    k.reader({ type: "removed", powerUpId: "p1" });
    await vi.waitFor(() => expect(k.calls).toContain("endSession"));
    expect(k.calls).toEqual([
      "openSession",
      "putImage",
      "newPurchase",
      "confirm",
      "journal purchaseOpened",
      "journal codeSending",
      "attempt",
      "wantScript",
      "journal scriptStarting",
      "present",
      "write",
      "journal report",
      "postReport w1",
      "journal reportSent",
      "journal purchaseClosed",
      "endSession",
    ]);
    const everything = [await readFile(join(folder, "journal.log"), "utf8"), ...k.logs, ...views].join("\n");
    expect(everything).not.toContain(t.wechatCode);
    expect(everything).not.toContain(secret);
    expect(k.agent.metrics()).toMatchObject({ cardToAccount: { count: 1 }, paidToWritten: { count: 1 } });
  });

  it("passes every point at which a test may kill it", async () => {
    const k = await kiosk({ receipt: async () => t.ok(receipt) });
    await sell(k);
    k.act({ do: "print" });
    await k.until("printed");
    expect(new Set(k.crashed)).toEqual(new Set(crashPoints.filter((point) => !point.endsWith("Seal"))));
  });

  describe("a CPU card", () => {
    const challenge = "1122334455667788";
    const sealing = {
      kind: "script" as const,
      script: { ...writeScript, steps: [{ op: "seal" as const, challengeBytes: 8 as const, sw: "9000" }] },
      purchase: t.purchase({ version: 5, state: "issued" }),
      resumed: false,
    };
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
    const answers = (sent: string[]): Partial<CardReader> => ({
      transmit: async (_, apdu) => {
        sent.push(hex(apdu));
        return { ok: true, value: Buffer.from(`${apdu[1] === 0x84 ? challenge : ""}9000`, "hex") };
      },
    });

    it("is given the command that the centre made for its challenge, asked for until it answers", async () => {
      let asked = 0;
      const sent: string[] = [];
      const seal: TerminalApi["seal"] = async (sessionId, request) => {
        expect({ sessionId, ...request }).toEqual({
          sessionId: "s1",
          scriptId: "w1",
          powerUpId: "p1",
          step: 0,
          challenge,
        });
        asked += 1;
        return asked === 1 ? t.unreachable : t.ok({ apdu: sealedApdu });
      };
      const k = await kiosk({ wantScript: async () => t.ok(sealing), seal }, {}, answers(sent));
      await sell(k);
      await vi.waitFor(() => expect(k.calls).toContain("postReport w1"));
      expect(asked).toBe(2);
      expect(sent).toEqual(["0084000008", sealedApdu]);
      expect(k.crashed).toEqual(expect.arrayContaining(["beforeSeal", "afterSeal"]));
      const everything = [await readFile(join(folder, "journal.log"), "utf8"), ...k.logs].join("\n");
      expect(everything).not.toContain(sealedApdu);
    });

    describe("with a PSAM in the second slot", () => {
      const unsealed = { cipher: "tripleDes", factor: "0311ffffffffffff", command: "04d6820a0801020304" } as const;
      const mac = "f5a92ed7";
      const local = {
        ...sealing,
        script: {
          ...writeScript,
          steps: [{ op: "seal" as const, challengeBytes: 8 as const, sw: "9000", unsealed }],
        },
      };
      const module = (answer: Awaited<ReturnType<Psam["mac"]>>): Psam & { closed: boolean } => {
        const made = {
          cipher: "tripleDes" as const,
          closed: false,
          mac: async () => answer,
          close: async () => {
            made.closed = true;
          },
        };
        return made;
      };

      it("is sealed beside it: the centre is not asked, and may be away", async () => {
        const sent: string[] = [];
        const psam = module({ ok: true, value: Buffer.from(mac, "hex") });
        const k = await kiosk(
          { wantScript: async () => t.ok(local), seal: async () => t.unreachable },
          {},
          answers(sent),
          psam,
        );
        await sell(k);
        await vi.waitFor(() => expect(k.calls).toContain("postReport w1"));
        expect(sent).toEqual(["0084000008", unsealed.command + mac]);
        expect(k.crashed).toEqual(expect.arrayContaining(["beforeSeal", "afterSeal"]));
        const everything = [await readFile(join(folder, "journal.log"), "utf8"), ...k.logs].join("\n");
        expect(everything).not.toContain(mac);
        for (const agent of agents.splice(0)) await agent.close();
        expect(psam.closed).toBe(true);
      });

      it("that refuses: the log says why, and the centre seals for the same challenge", async () => {
        const sent: string[] = [];
        const psam = module({ ok: false, failure: { reason: "refused", command: "key", answer: "6a88" } });
        const k = await kiosk({ wantScript: async () => t.ok(local) }, {}, answers(sent), psam);
        await sell(k);
        await vi.waitFor(() => expect(k.calls).toContain("postReport w1"));
        expect(k.calls).toContain(`seal 0 ${challenge}`);
        expect(sent).toEqual(["0084000008", sealedApdu]);
        const said = k.logs.find((line) => line.includes('"psam"'));
        expect(said).toContain("6a88");
      });
    });

    it("gets nothing from a centre that seals no more, and the report says so", async () => {
      const sent: string[] = [];
      const refused = t.problem("card.stale");
      const reports: unknown[] = [];
      const k = await kiosk(
        {
          wantScript: async () => t.ok(sealing),
          seal: async () => refused,
          postReport: async (_, report) => {
            reports.push(report.failure);
            return t.ok({ kind: "writeFailed", purchase: t.purchase({ version: 6, state: "unknown" }), hall: false });
          },
        },
        {},
        answers(sent),
      );
      await toWriting(k);
      await vi.waitFor(() => expect(reports).toEqual([{ step: 0, reason: "expired" }]));
      expect(sent).toEqual(["0084000008"]);
    });
  });

  it("sends reports from before its death first, and never runs their scripts again", async () => {
    const before = await openJournal(join(folder, "journal.log"));
    await before.write({ kind: "scriptStarting", at: 1, scriptId: "w0", sessionId: "s0", powerUpId: "p0" });
    await before.write({
      kind: "report",
      at: 2,
      sessionId: "s0",
      report: { scriptId: "w0", powerUpId: "p0", results: [] },
    });
    await before.close();
    const k = await kiosk();
    await k.until("home");
    k.reader({ type: "inserted", powerUpId: "p1", atr: "3b04" });
    await k.until("account");
    expect(k.calls).toEqual(["postReport w0", "journal reportSent", "openSession", "putImage"]);
  });

  it("drops a tap made on an earlier screen, but lets typing run ahead of its echo", async () => {
    const k = await kiosk();
    await k.until("home");
    const home = k.agent.feed.current().seq;
    k.act({ do: "start" });
    await k.until("insertCard");
    k.agent.act({ type: "action", seq: home, action: { do: "back" } });
    expect(k.agent.feed.current().screen.name).toBe("insertCard");
    k.reader({ type: "inserted", powerUpId: "p1", atr: "3b04" });
    await k.until("account");
    const seq = k.agent.feed.current().seq;
    for (const key of ["1", "2", "3"] as const) k.agent.act({ type: "action", seq, action: { do: "key", key } });
    expect(k.agent.feed.current().screen).toMatchObject({ entry: "123" });
  });

  it("is out of service without its centre, and comes back", async () => {
    let up = false;
    const k = await kiosk({ me: async () => (up ? t.ok(t.config) : t.unreachable) });
    await k.until("outOfService");
    up = true;
    await k.until("home");
  });
});

const receipt = {
  company: "洪通燃气",
  unit: "库尔勒",
  terminal: "1号机",
  number: "3K7-0192",
  customer: t.customer("031140086"),
  breakdown: t.purchase().breakdown,
  channel: "wechat",
  channelNumber: "42000",
  paidAtMs: 1,
  purchaseCount: 1,
  hotline: "0996-2959627",
  bindUrl: "http://centre/b/x",
  reprint: false,
};
