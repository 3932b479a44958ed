import type { IncomingMessage } from "node:http";
import { makeAcquirer } from "./acquirer.ts";
import { makeAlipay } from "./alipay.ts";
import { makeBank } from "./bank.ts";
import { bankStatement, bankStatementFile } from "./bills/bank.ts";
import { type Book, openBook, tradeKey } from "./book.ts";
import { type Callbacks, makeCallbacks } from "./callbacks.ts";
import { type Cashier, makeCashier } from "./cashier.ts";
import { type Faults, type FaultTaker, makeFaults } from "./faults.ts";
import { type Answer, type GatewayServer, type SeenCall, serve } from "./http.ts";
import { type GatewayKeys, loadOrMakeKeys, rotateCertificate } from "./keys.ts";
import { type Ledger, makeLedger } from "./ledger.ts";
import { GATEWAYS, type Gateway } from "./names.ts";
import type { CallbackRow } from "./rows.ts";
import { makeTickets } from "./tickets.ts";
import { makeWallets, type Wallets } from "./wallets.ts";
import { makeWechat } from "./wechat.ts";
import { PUBLIC_KEY_ID, type WechatMerchant } from "./wechatSigning.ts";

export interface GatewaysOptions {
  /** Holds keys and book; a second start on the same folder continues where the first ended, however it ended. */
  dir: string;
  /** Ports on the loopback; free ones when left out. */
  wechatPort?: number;
  alipayPort?: number;
  acquirerPort?: number;
  /** The world's clock, in ms: trades, codes, refunds. */
  now: () => number;
  /** The clock of signatures, in ms; the real one unless a test says otherwise. */
  wallClock?: () => number;
  /** Ready-made keys instead of those in `dir`. */
  keys?: GatewayKeys;
  /** Sees each well-signed call as it arrives, before it is carried out. */
  onCall?: (call: SeenCall) => void;
  /** Sees what came of each message to the merchant. */
  onCallback?: (row: CallbackRow) => void;
}

/** What a merchant needs to reach the gateways: the same kinds of values a real contract brings. */
export interface MerchantSetup {
  wechat: {
    mchid: string;
    /** Of the service account: codes and pages inside WeChat. */
    appid: string;
    miniAppid: string;
    /** Messages of WeChat Pay are encrypted with it: 32 characters. */
    apiV3Key: string;
    /** Serial of the merchant's certificate. */
    serial: string;
    privateKeyPem: string;
    /** Serial → public key (PEM): a `PUB_KEY_ID_…` and a platform serial. */
    platformCerts: Record<string, string>;
  };
  alipay: {
    appId: string;
    /** The merchant's own id, named in each message. */
    sellerId: string;
    privateKeyPem: string;
    alipayPublicKeyPem: string;
    gatewayUrl: string;
  };
  /** docs/acquirer.md. */
  acquirer: { merchant: string; baseUrl: string; privateKeyPem: string; acquirerPublicKeyPem: string };
  /** The bearer secret of the notice providers (docs/notices.md). */
  noticeSecret: string;
}

export interface Gateways {
  wechatUrl: string;
  alipayUrl: string;
  acquirerUrl: string;
  merchant: MerchantSetup;
  wallets: Wallets;
  cashier: Cashier;
  faults: Faults;
  /** Resolves when the ports are as the switches want them. */
  faultsApplied(): Promise<void>;
  ledger: Ledger;
  callbacks: Callbacks;
  /** WeChat Pay's platform begins to sign with another certificate. @returns its serial */
  rotateCertificate(): Promise<string>;
  /** The company's bank account on that day ("2026-11-22"), as CSV. */
  bankStatement(day: string): string;
  /** The same as a file, as the switches want it. */
  bankStatementFile(day: string): Buffer;
  /** Closes ports and book; calls in the air are cut. */
  close(): Promise<void>;
}

const MERCHANT: WechatMerchant = {
  mchid: "1900000109",
  appid: "wxd678efh567hg6787",
  miniAppid: "wx8888888888888888",
  serial: "444F4864EA9B34415A3AFA4F6C4CE1F4E7C1E5AD",
};
const ALIPAY_APP_ID = "2021000000000001";
const ALIPAY_SELLER_ID = "2088000000000001";
const ACQUIRER_MERCHANT = "898000000000001";

/** What a proxy says that knows nothing of payments. */
const GARBAGE: Answer = {
  kind: "reply",
  status: 200,
  headers: { "Content-Type": "text/html" },
  body: "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1>",
};

type Answering = (request: IncomingMessage, body: string) => Answer;

/** The faults of the line, which no gateway knows of. */
function onTheLine(gateway: Gateway, faults: FaultTaker, answer: Answering): Answering {
  return (request, body) => {
    if (faults.take("gatewayDown", gateway)) return { kind: "cut" };
    const reply = answer(request, body);
    return reply.kind === "reply" && faults.take("garbage", gateway) ? GARBAGE : reply;
  };
}

function setupOf(keys: GatewayKeys, urls: Record<Gateway, string>): MerchantSetup {
  return {
    wechat: {
      ...MERCHANT,
      privateKeyPem: keys.wechatMerchant.privateKeyPem,
      apiV3Key: keys.wechatApiV3Key,
      platformCerts: {
        [PUBLIC_KEY_ID]: keys.wechatPublicKey.publicKeyPem,
        ...Object.fromEntries(keys.wechatCertificates.map(({ serial, certificatePem }) => [serial, certificatePem])),
      },
    },
    alipay: {
      appId: ALIPAY_APP_ID,
      sellerId: ALIPAY_SELLER_ID,
      privateKeyPem: keys.alipayApp.privateKeyPem,
      alipayPublicKeyPem: keys.alipayPlatform.publicKeyPem,
      gatewayUrl: `${urls.alipay}/gateway.do`,
    },
    acquirer: {
      merchant: ACQUIRER_MERCHANT,
      baseUrl: urls.acquirer,
      privateKeyPem: keys.acquirerMerchant.privateKeyPem,
      acquirerPublicKeyPem: keys.acquirerPlatform.publicKeyPem,
    },
    noticeSecret: keys.noticeSecret,
  };
}

/** Starts the gateways on the loopback, each at the root of its own port. */
export async function startGateways(options: GatewaysOptions): Promise<Gateways> {
  const { dir, now } = options;
  const wallClock = options.wallClock ?? Date.now;
  const keys = options.keys ?? (await loadOrMakeKeys(dir, now()));
  const book = openBook(dir);
  const faults = makeFaults();
  const bank = makeBank(book, faults, now);
  const merchant = { wechat: MERCHANT, appId: ALIPAY_APP_ID, sellerId: ALIPAY_SELLER_ID };
  const { onCallback } = options;
  const told = onCallback === undefined ? {} : { onSent: onCallback };
  const callbacks = makeCallbacks({ book, bank, faults, keys, merchant, now, wallClock, ...told });
  const seen = (call: SeenCall): void => {
    if (call.call === "pay") countPay(book, call);
    options.onCall?.(call);
  };
  const common = { bank, book, faults, keys, tickets: makeTickets(now), now, wallClock, seen };
  const answers: Record<Gateway, Answering> = {
    wechat: makeWechat({ ...common, merchant: MERCHANT }),
    alipay: makeAlipay({ ...common, appId: ALIPAY_APP_ID, sellerId: ALIPAY_SELLER_ID }),
    acquirer: makeAcquirer({ ...common, merchant: ACQUIRER_MERCHANT }),
  };
  const ports: Record<Gateway, number> = {
    wechat: options.wechatPort ?? 0,
    alipay: options.alipayPort ?? 0,
    acquirer: options.acquirerPort ?? 0,
  };
  const opened = new Map<Gateway, GatewayServer>();
  async function close(): Promise<void> {
    await Promise.all([callbacks.close(), ...[...opened.values()].map((server) => server.close())]);
    book.close();
  }
  let applied: Promise<unknown> = Promise.resolve();
  const apply = (): void => {
    const set = [...opened].map(([gateway, server]) => server.listen(!faults.isArmed("connectionRefused", gateway)));
    applied = Promise.all(set);
  };
  faults.onChanged(apply);
  try {
    for (const gateway of GATEWAYS) {
      const answer = onTheLine(gateway, faults, answers[gateway]);
      opened.set(gateway, await serve(ports[gateway], answer, () => faults.takeDelayMs(gateway)));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const url = (gateway: Gateway): string => opened.get(gateway)?.url ?? "";
  const urls = { wechat: url("wechat"), alipay: url("alipay"), acquirer: url("acquirer") };
  return {
    wechatUrl: urls.wechat,
    alipayUrl: urls.alipay,
    acquirerUrl: urls.acquirer,
    merchant: setupOf(keys, urls),
    wallets: makeWallets(book, bank, now),
    cashier: makeCashier(bank, keys),
    faults,
    faultsApplied: async () => void (await applied),
    ledger: makeLedger(book, bank),
    callbacks,
    rotateCertificate: () => rotateCertificate(dir, keys, now()),
    bankStatement(day) {
      bank.settle();
      return bankStatement(book, day);
    },
    bankStatementFile(day) {
      bank.settle();
      return bankStatementFile(book, faults, day);
    },
    close,
  };
}

function countPay(book: Book, { gateway, ref: outTradeNo }: SeenCall): void {
  const before = book.payCalls.get(tradeKey(gateway, outTradeNo))?.count ?? 0;
  book.commit({ payCalls: [{ gateway, outTradeNo, count: before + 1 }] });
}
