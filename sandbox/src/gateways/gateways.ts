import { makeAlipay } from "./alipay.ts";
import { makeBank } from "./bank.ts";
import { type Book, openBook, tradeKey } from "./book.ts";
import { type Faults, makeFaults } from "./faults.ts";
import { type GatewayServer, type SeenCall, serve } from "./http.ts";
import { type GatewayKeys, loadOrMakeKeys } from "./keys.ts";
import { type Ledger, makeLedger } from "./ledger.ts";
import { makeWallets, type Wallets } from "./wallets.ts";
import { makeWechat } from "./wechat.ts";
import { PLATFORM_SERIAL, PUBLIC_KEY_ID, type WechatMerchant } from "./wechatSigning.ts";

export interface GatewaysOptions {
  /** Holds keys and book; a second start on the same folder continues where the first ended, however it ended. */
  dir: string;
  /** Ports on the loopback; free ones when left out. */
  wechatPort?: number;
  alipayPort?: number;
  /** The world's clock, in ms: trades, codes, refunds. */
  now: () => number;
  /** The clock of signatures, in ms; the real one unless a test says otherwise. */
  wallClock?: () => number;
  /** Ready-made keys instead of those in `dir`. */
  keys?: GatewayKeys;
  /** Sees each well-signed call as it arrives, before it is carried out. */
  onCall?: (call: SeenCall) => void;
}

/** What a merchant needs to reach the gateways: the same kinds of values a real contract brings. */
export interface MerchantSetup {
  wechat: {
    mchid: string;
    appid: string;
    /** Serial of the merchant's certificate. */
    serial: string;
    privateKeyPem: string;
    /** Serial → public key (PEM): a `PUB_KEY_ID_…` and a platform serial. */
    platformCerts: Record<string, string>;
  };
  alipay: { appId: string; privateKeyPem: string; alipayPublicKeyPem: string; gatewayUrl: string };
}

export interface Gateways {
  wechatUrl: string;
  alipayUrl: string;
  merchant: MerchantSetup;
  wallets: Wallets;
  faults: Faults;
  ledger: Ledger;
  /** Closes ports and book; calls in the air are cut. */
  close(): Promise<void>;
}

const MERCHANT: WechatMerchant = {
  mchid: "1900000109",
  appid: "wxd678efh567hg6787",
  serial: "444F4864EA9B34415A3AFA4F6C4CE1F4E7C1E5AD",
};
const ALIPAY_APP_ID = "2021000000000001";

/** Starts both gateways on the loopback, each at the root of its own port. */
export async function startGateways(options: GatewaysOptions): Promise<Gateways> {
  const { dir, now } = options;
  const wallClock = options.wallClock ?? Date.now;
  const keys = options.keys ?? (await loadOrMakeKeys(dir));
  const book = openBook(dir);
  const faults = makeFaults();
  const bank = makeBank(book, faults, now);
  const seen = (call: SeenCall): void => {
    if (call.call === "pay") countPay(book, call);
    options.onCall?.(call);
  };
  const common = { bank, faults, keys, now, wallClock, seen };
  const opened: GatewayServer[] = [];
  async function close(): Promise<void> {
    await Promise.all(opened.map((server) => server.close()));
    book.close();
  }
  try {
    const wechatDelay = () => faults.takeDelayMs("wechat");
    const wechat = await serve(options.wechatPort ?? 0, makeWechat({ ...common, merchant: MERCHANT }), wechatDelay);
    opened.push(wechat);
    const alipayDelay = () => faults.takeDelayMs("alipay");
    const alipay = await serve(options.alipayPort ?? 0, makeAlipay({ ...common, appId: ALIPAY_APP_ID }), alipayDelay);
    opened.push(alipay);
    return {
      wechatUrl: wechat.url,
      alipayUrl: alipay.url,
      merchant: {
        wechat: {
          ...MERCHANT,
          privateKeyPem: keys.wechatMerchant.privateKeyPem,
          platformCerts: {
            [PUBLIC_KEY_ID]: keys.wechatPublicKey.publicKeyPem,
            [PLATFORM_SERIAL]: keys.wechatPlatform.publicKeyPem,
          },
        },
        alipay: {
          appId: ALIPAY_APP_ID,
          privateKeyPem: keys.alipayApp.privateKeyPem,
          alipayPublicKeyPem: keys.alipayPlatform.publicKeyPem,
          gatewayUrl: `${alipay.url}/gateway.do`,
        },
      },
      wallets: makeWallets(book, bank, now),
      faults,
      ledger: makeLedger(book),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function countPay(book: Book, { gateway, ref: outTradeNo }: SeenCall): void {
  const before = book.payCalls.get(tradeKey(gateway, outTradeNo))?.count ?? 0;
  book.commit({ payCalls: [{ gateway, outTradeNo, count: before + 1 }] });
}
