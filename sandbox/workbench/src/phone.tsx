import { useEffect, useState } from "preact/hooks";
import { type KioskId, type PhoneView, type PhoneWithCodes, readPhone } from "./api.ts";
import { draggable } from "./drag.ts";
import { Inbox, inboxOf, Order } from "./inbox.tsx";
import type { Bench } from "./use-table.ts";
import { Station, Switch, Words, yuan } from "./words.tsx";

const WALLETS = { wechat: "微信支付", alipay: "支付宝", unionpay: "云闪付", ecny: "数字人民币" } as const;
type Wallet = keyof typeof WALLETS;
const WALLET_NAMES = ["wechat", "alipay", "unionpay", "ecny"] as const;
const svgUrl = (svg: string): string => `data:image/svg+xml,${encodeURIComponent(svg)}`;

export interface PhoneHand {
  phone: PhoneView | undefined;
  choose(id: string): void;
  wallet: Wallet;
  setWallet(wallet: Wallet): void;
  /** Whether its messages are looked at, in place of the code. */
  reading: boolean;
  read(on: boolean): void;
  /** Holds the chosen code under that kiosk's scanner. */
  present(kiosk: KioskId, phoneId?: string): void;
}

/** Which phone is in the hand, and which of its wallets is open. */
export function usePhone(bench: Bench): PhoneHand {
  const [id, setId] = useState<string | null>(null);
  const [wallet, openWallet] = useState<Wallet>("wechat");
  const [reading, read] = useState(false);
  const setWallet = (one: Wallet): void => {
    openWallet(one);
    read(false);
  };
  const { phones } = bench.table;
  const phone = phones.find((one) => one.id === id) ?? phones[0];
  const present = async (kiosk: KioskId, phoneId = phone?.id): Promise<void> => {
    if (phoneId === undefined) return;
    const sent = await bench.act<{ delivered: boolean }>(`/phones/${phoneId}/present`, { wallet, kiosk });
    if (sent.ok && !sent.value.delivered)
      bench.say({ zh: "扫描枪没有接上", en: "Nobody listens to this scanner", bad: true });
  };
  const show = (kiosk: KioskId, phoneId?: string): void => void present(kiosk, phoneId);
  return { phone, choose: setId, wallet, setWallet, reading, read, present: show };
}

/** The phone with its codes, its switches and its password box. */
export function Phone({ bench, hand, kiosks }: { bench: Bench; hand: PhoneHand; kiosks: readonly KioskId[] }) {
  const { phone } = hand;
  const { phones } = bench.table;
  const chooser = phones.length > 1 && (
    <select
      aria-label="哪一部手机 Which phone"
      value={phone?.id}
      onChange={(event) => hand.choose(event.currentTarget.value)}
    >
      {phones.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
  return (
    <Station name="phone" zh="手机" en="Phone" tools={chooser}>
      {phone === undefined ? (
        <p class="empty">没有手机</p>
      ) : (
        <Handset bench={bench} hand={hand} phone={phone} kiosks={kiosks} />
      )}
    </Station>
  );
}

function Handset(props: { bench: Bench; hand: PhoneHand; phone: PhoneView; kiosks: readonly KioskId[] }) {
  const { bench, hand, phone, kiosks } = props;
  const { wallet } = hand;
  const prompt = phone.prompts[0];
  const [later, setLater] = useState<ReadonlySet<string>>(new Set());
  const order = wallet === "wechat" ? phone.orders.find(({ prepayId }) => !later.has(prepayId)) : undefined;
  const messages = inboxOf(bench.table.messages, phone);
  const set = (setting: keyof PhoneView["settings"]) => (on: boolean) =>
    void bench.act(`/phones/${phone.id}/settings`, { [setting]: on });
  return (
    <>
      <div class={`handset ${wallet}`} {...draggable("phone", phone.id)}>
        <fieldset class="wallets" aria-label="钱包 Wallet">
          {WALLET_NAMES.map((one) => (
            <button
              key={one}
              type="button"
              class="small"
              aria-pressed={one === wallet && !hand.reading}
              onClick={() => hand.setWallet(one)}
            >
              {WALLETS[one]}
            </button>
          ))}
        </fieldset>
        <p class="balance">
          <span>余额</span> <b>{yuan(phone.balanceFen[wallet])}</b>
          <button type="button" class="small" aria-pressed={hand.reading} onClick={() => hand.read(!hand.reading)}>
            消息{messages.length === 0 ? "" : ` ${messages.length}`}
          </button>
        </p>
        {prompt !== undefined ? (
          <Password bench={bench} phone={phone} amountFen={prompt.amountFen} wallet={prompt.wallet} />
        ) : hand.reading ? (
          <Inbox messages={messages} />
        ) : order !== undefined ? (
          <Order bench={bench} phone={phone} order={order} later={(id) => setLater(new Set([...later, id]))} />
        ) : (
          <Code phone={phone} wallet={wallet} />
        )}
        <div class="present">
          {kiosks.map((kiosk) => (
            <button key={kiosk} type="button" class="main" onClick={() => hand.present(kiosk)}>
              <Words
                zh={kiosks.length === 1 ? "出示付款码" : kiosk === "kiosk-1" ? "给一号机" : "给二号机"}
                en="Show code"
              />
            </button>
          ))}
        </div>
      </div>
      <div class="switches">
        <Switch zh="要密码" en="Ask password" on={phone.settings.askPassword} toggle={set("askPassword")} />
        <Switch zh="余额不足" en="No balance" on={phone.settings.noBalance} toggle={set("noBalance")} />
        <Switch zh="离线" en="Offline" on={phone.settings.offline} toggle={set("offline")} />
      </div>
    </>
  );
}

/** The code of this minute; read again when it changes or a payment has used it. */
function Code({ phone, wallet }: { phone: PhoneView; wallet: Wallet }) {
  const [shown, setShown] = useState<PhoneWithCodes | null>(null);
  const [now, setNow] = useState(Date.now());
  const code = shown?.codes.find((one) => one.wallet === wallet);
  const left = code === undefined ? 0 : Math.max(0, Math.ceil((Date.parse(code.changesAt) - now) / 1000));
  const stale = code === undefined || left === 0;

  // `phone` is a new object after each event of the phones, so a used code is replaced at once.
  useEffect(() => {
    let current = true;
    readPhone(phone.id).then(
      (fresh) => {
        if (current) setShown(fresh);
      },
      () => {},
    );
    return () => {
      current = false;
    };
  }, [phone, stale]);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);

  if (code === undefined) return <div class="code" />;
  return (
    <div class="code">
      <img class="barcode" src={svgUrl(code.barcodeSvg)} alt="付款码条形码 Payment barcode" draggable={false} />
      <p class="digits">{code.code.replace(/(\d{4})(?=\d)/g, "$1 ")}</p>
      <img class="qr" src={svgUrl(code.qrSvg)} alt="付款码二维码 Payment QR code" draggable={false} />
      <p class="left">{left} 秒后更新</p>
    </div>
  );
}

function Password(props: { bench: Bench; phone: PhoneView; amountFen: number; wallet: Wallet }) {
  const { bench, phone, amountFen, wallet } = props;
  const answer = (enter: boolean): void => void bench.act(`/phones/${phone.id}/password`, { enter });
  return (
    <div class="password" role="alertdialog" aria-label="请输入支付密码 Enter the payment password">
      <p>{WALLETS[wallet]}</p>
      <p class="ask">请输入支付密码</p>
      <p class="sum">{yuan(amountFen)}</p>
      <p class="dots" aria-hidden="true">
        ● ● ● ● ● ●
      </p>
      <button type="button" class="main" onClick={() => answer(true)}>
        <Words zh="输入密码" en="Enter" />
      </button>
      <button type="button" onClick={() => answer(false)}>
        <Words zh="取消" en="Cancel" />
      </button>
    </div>
  );
}
