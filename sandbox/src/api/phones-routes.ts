import bwipjs from "bwip-js/node";
import { type Static, Type } from "typebox";
import { WALLETS, type Wallet } from "../gateways/names.ts";
import type { Phone } from "../gateways/wallets.ts";
import { SYMBOL_CHARS_MAX } from "../scanner/scanner-server.ts";
import { type Api, type ApiContext, ById, ByKiosk, Failure, KioskName, WalletName } from "./context.ts";
import { problem } from "./problems.ts";

const BALANCE = {
  wechat: Type.Integer({ minimum: 0 }),
  alipay: Type.Integer({ minimum: 0 }),
  unionpay: Type.Integer({ minimum: 0 }),
  ecny: Type.Integer({ minimum: 0 }),
};
const NAMES: Readonly<Record<Wallet, string>> = {
  wechat: "微信",
  alipay: "支付宝",
  unionpay: "云闪付",
  ecny: "数字人民币",
};

const PhoneView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  balanceFen: Type.Object(BALANCE),
  settings: Type.Object({ askPassword: Type.Boolean(), noBalance: Type.Boolean(), offline: Type.Boolean() }),
  /** Messages to this number or these openids arrive at it. */
  mobile: Type.Union([Type.String(), Type.Null()]),
  openids: Type.Object({ h5: Type.String(), mini: Type.String() }),
  /** Orders prepared in WeChat that it could pay now, oldest first. */
  orders: Type.Array(
    Type.Object({
      prepayId: Type.String(),
      description: Type.String(),
      amountFen: Type.Integer(),
      outTradeNo: Type.String(),
    }),
  ),
  /** Open password boxes, oldest first. */
  prompts: Type.Array(Type.Object({ wallet: WalletName, amountFen: Type.Integer(), since: Type.String() })),
});

const CodeView = Type.Object({
  wallet: WalletName,
  code: Type.String(),
  changesAt: Type.String(),
  qrSvg: Type.String(),
  barcodeSvg: Type.String(),
});

const WithCodes = Type.Object({ ...PhoneView.properties, codes: Type.Array(CodeView) });
export type PhoneView = Static<typeof PhoneView>;
export type PhoneWithCodes = Static<typeof WithCodes>;

const Settings = Type.Object(
  {
    askPassword: Type.Optional(Type.Boolean()),
    noBalance: Type.Optional(Type.Boolean()),
    offline: Type.Optional(Type.Boolean()),
    mobile: Type.Optional(Type.String({ pattern: "^[0-9]{5,15}$" })),
    balanceFen: Type.Optional(Type.Partial(Type.Object(BALANCE), { additionalProperties: false })),
  },
  { additionalProperties: false },
);

export function phoneRoutes(api: Api, { world, gateways, scan }: ApiContext): void {
  const { wallets, cashier } = gateways;

  const view = (phone: Phone) => ({
    ...phone,
    orders: cashier.open(phone.id).map(({ state: _, ...order }) => order),
    prompts: wallets.prompts(phone.id).map(({ wallet, amountFen, since }) => ({
      wallet,
      amountFen,
      since: new Date(since).toISOString(),
    })),
  });

  const codeOf = (phoneId: string, wallet: Wallet) => {
    const shown = wallets.showCode(phoneId, wallet);
    if (shown === undefined) throw new Error(`phone ${phoneId} has no ${wallet} code`);
    return {
      wallet,
      code: shown.code,
      changesAt: new Date(shown.changesAt).toISOString(),
      qrSvg: bwipjs.toSVG({ bcid: "qrcode", text: shown.code, scale: 2 }),
      barcodeSvg: bwipjs.toSVG({ bcid: "code128", text: shown.code, height: 12 }),
    };
  };

  api.get(
    "/phones",
    {
      schema: {
        description: "The phones: balances, settings, orders and open password boxes.",
        response: { 200: Type.Object({ phones: Type.Array(PhoneView) }) },
      },
    },
    () => ({
      phones: wallets.phones().map(view),
    }),
  );

  api.get(
    "/phones/:id",
    {
      schema: {
        description: "The phone with its payment codes of this minute: digits, QR and barcode.",
        params: ById,
        response: { 200: WithCodes, ...Failure },
      },
    },
    (request, reply) => {
      const phone = wallets.phone(request.params.id);
      if (phone === undefined) return problem(reply, "unknownPhone");
      return { ...view(phone), codes: WALLETS.map((wallet) => codeOf(phone.id, wallet)) };
    },
  );

  const Scanned = Type.Object({ delivered: Type.Boolean() });
  const Present = Type.Object({ wallet: WalletName, kiosk: Type.Optional(KioskName) }, { additionalProperties: false });
  api.post(
    "/phones/:id/present",
    {
      schema: {
        description: "Holds the payment code of this minute under the scanner. delivered: somebody listens to it.",
        params: ById,
        body: Present,
        response: { 200: Scanned, ...Failure },
      },
    },
    (request, reply) => {
      const { wallet, kiosk = "kiosk-1" } = request.body;
      const phone = wallets.phone(request.params.id);
      const shown = wallets.showCode(request.params.id, wallet);
      if (phone === undefined || shown === undefined) return problem(reply, "unknownPhone");
      world.story.tell(
        "phone",
        phone.id,
        `${phone.name} 出示${NAMES[wallet]}付款码`,
        `${phone.name} shows its ${wallet} code`,
      );
      return { delivered: scan(kiosk, shown.code) };
    },
  );

  api.post(
    "/phones/:id/settings",
    {
      schema: {
        description: "Whether the wallet asks for a password, has no balance, or the phone is offline.",
        params: ById,
        body: Settings,
        response: { 200: PhoneView, ...Failure },
      },
    },
    (request, reply) => {
      const phone = wallets.setPhone(request.params.id, request.body);
      if (phone === undefined) return problem(reply, "unknownPhone");
      world.changed("phones");
      return view(phone);
    },
  );

  const Password = Type.Object({ enter: Type.Boolean() }, { additionalProperties: false });
  api.post(
    "/phones/:id/password",
    {
      schema: {
        description: "Answers the oldest password box: true enters the password, false closes the box.",
        params: ById,
        body: Password,
        response: { 200: PhoneView, ...Failure },
      },
    },
    (request, reply) => {
      const { id } = request.params;
      const { enter } = request.body;
      const answer = wallets.enterPassword(id, enter);
      const phone = wallets.phone(id);
      if (answer === "unknownPhone" || phone === undefined) return problem(reply, "unknownPhone");
      if (answer === "offline") return problem(reply, "phoneOffline");
      if (answer === "noPrompt") return problem(reply, "noPasswordPrompt");
      if (answer === "ignored") return problem(reply, "promptIgnored");
      if (enter) world.story.tell("phone", id, `${phone.name} 输入了密码`, `${phone.name} entered the password`);
      else world.story.tell("phone", id, `${phone.name} 关掉了密码框`, `${phone.name} closed the password box`);
      world.changed("phones");
      return view(phone);
    },
  );

  const Symbol2d = Type.Object({ text: Type.String({ minLength: 1, maxLength: 2_000 }) });
  api.get(
    "/qr.svg",
    { schema: { description: "A QR code of any text, as a picture.", querystring: Symbol2d } },
    (request, reply) => reply.type("image/svg+xml").send(bwipjs.toSVG({ bcid: "qrcode", text: request.query.text })),
  );

  const Text = Type.Object(
    { text: Type.String({ minLength: 1, maxLength: SYMBOL_CHARS_MAX }) },
    { additionalProperties: false },
  );
  api.post(
    "/scanners/:kiosk/scan",
    {
      schema: {
        description: "Holds any other symbol under a scanner.",
        params: ByKiosk,
        body: Text,
        response: { 200: Scanned, ...Failure },
      },
    },
    (request) => {
      const { kiosk } = request.params;
      world.story.tell("scanner", kiosk, "扫描枪扫到一个码", "The scanner read a symbol");
      return { delivered: scan(kiosk, request.body.text) };
    },
  );
}
