import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Gateways, startGateways } from "@citygas/sandbox";
import { afterAll, beforeAll, beforeEach } from "vitest";
import {
  type AcquirerConfig,
  type AlipayConfig,
  acquirerChannel,
  alipayChannel,
  type CodePayChannel,
  type WechatConfig,
  wechatChannel,
} from "../index.ts";

type Name = "wechat" | "alipay" | "acquirer";
/** What may be set otherwise than the sandbox's merchant needs it. */
type Change = Partial<WechatConfig> & Partial<AlipayConfig> & Partial<AcquirerConfig>;
type SeenCall = Parameters<NonNullable<Parameters<typeof startGateways>[0]["onCall"]>>[0];

/**
 * Long enough for a busy machine, for calls that are meant to succeed; `SHORT_MS` for those meant to time out (the
 * request must still get through).
 */
const PATIENT_MS = 10_000;
export const SHORT_MS = 400;
export const AMOUNT_FEN = 119_970;

/** The sandbox gateways on the loopback, a phone with money, a clock that moves when told, and the adapters on them. */
export interface Kit {
  gateways: Gateways;
  seen: SeenCall[];
  clock: { now: number };
  channel(name: Name, change?: Change): CodePayChannel;
  /** A fresh code of the phone's wallet. */
  code(name: Name): string;
  /** A new order number. */
  order(): string;
  /** Pays a new order with the phone's code and gives both back. */
  pay(
    name: Name,
    through?: CodePayChannel,
  ): Promise<{ outTradeNo: string; outcome: Awaited<ReturnType<CodePayChannel["pay"]>> }>;
  netFen(): number;
}

export function payRequest(outTradeNo: string, authCode: string) {
  return { outTradeNo, authCode, amountFen: AMOUNT_FEN, description: "燃气IC卡充值", terminalId: "K01" };
}

/** Starts the kit once per file; each test begins with faults off, the phone as new, and nothing seen. */
export function useKit(): Kit {
  const dir = mkdtempSync(join(tmpdir(), "citygas-gateways-"));
  const clock = { now: Date.UTC(2026, 10, 22, 2, 0, 0) };
  const seen: SeenCall[] = [];
  let gateways: Gateways | undefined;
  let orders = 0;
  let netBefore = 0;
  const running = (): Gateways => {
    if (gateways === undefined) throw new Error("the kit is ready inside tests only");
    return gateways;
  };
  beforeAll(async () => {
    gateways = await startGateways({ dir, now: () => clock.now, onCall: (call) => seen.push(call) });
    gateways.wallets.ensurePhone({ id: "phone-1", name: "小洪", balanceFen: 0 });
  });
  afterAll(async () => {
    await running().close();
    rmSync(dir, { recursive: true });
  });
  beforeEach(() => {
    const { faults, wallets, ledger } = running();
    faults.disarmAll();
    const balanceFen = { wechat: 10_000_000, alipay: 10_000_000, unionpay: 10_000_000, ecny: 10_000_000 };
    wallets.setPhone("phone-1", { askPassword: false, noBalance: false, offline: false, balanceFen });
    seen.length = 0;
    netBefore = ledger.netFen();
  });

  const kit: Kit = {
    get gateways() {
      return running();
    },
    seen,
    clock,
    channel(name, change = {}) {
      const { merchant, wechatUrl } = running();
      const timeoutMs = PATIENT_MS;
      if (name === "wechat") return wechatChannel({ ...merchant.wechat, baseUrl: wechatUrl, timeoutMs, ...change });
      if (name === "acquirer") return acquirerChannel({ ...merchant.acquirer, timeoutMs, ...change });
      return alipayChannel({ ...merchant.alipay, timeoutMs, ...change });
    },
    code(name) {
      const shown = running().wallets.showCode("phone-1", name === "acquirer" ? "unionpay" : name);
      if (shown === undefined) throw new Error("no phone-1");
      return shown.code;
    },
    order() {
      orders += 1;
      return `K01_20261122_${String(orders).padStart(6, "0")}`;
    },
    async pay(name, through = kit.channel(name)) {
      const outTradeNo = kit.order();
      const authCode = kit.code(name);
      const outcome = await through.pay(payRequest(outTradeNo, authCode));
      if (JSON.stringify(outcome).includes(authCode)) throw new Error("an outcome shows the payment code");
      return { outTradeNo, outcome };
    },
    netFen: () => running().ledger.netFen() - netBefore,
  };
  return kit;
}
