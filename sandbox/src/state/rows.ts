import { Type } from "typebox";

/** Rows of the sandbox's devices as they lie on disk. */
const Hex = Type.String({ pattern: "^([0-9a-f]{2})*$" });

export const Sle4442Row = Type.Object({
  memoryHex: Type.String({ pattern: "^[0-9a-f]{512}$" }),
  protectionHex: Type.String({ pattern: "^[0-9a-f]{8}$" }),
  secretHex: Type.String({ pattern: "^[0-9a-f]{6}$" }),
  errorCounter: Type.Integer({ minimum: 0, maximum: 7 }),
});

export const CpuCardRow = Type.Object({
  kind: Type.Literal("cpu"),
  aidHex: Hex,
  cipher: Type.Union([Type.Literal("3des"), Type.Literal("sm4")]),
  /** In the order in which the layout's page counts their bytes. */
  files: Type.Array(Type.Object({ sfi: Type.Integer({ minimum: 1, maximum: 30 }), contentHex: Hex, keyHex: Hex })),
  externalKeyHex: Hex,
  /** Of the external key. */
  tries: Type.Integer({ minimum: 0, maximum: 15 }),
  /** Left out by cards from before they could prove themselves. */
  internalKeys: Type.Optional(
    Type.Array(
      Type.Object({
        id: Type.Integer({ minimum: 0, maximum: 255 }),
        keyHex: Type.String({ pattern: "^[0-9a-f]{32}$" }),
        locked: Type.Optional(Type.Boolean()),
      }),
    ),
  ),
});

/** Whole memory, with what the chip doesn't give out. */
export const PlainChipRow = Type.Union([
  Type.Object({
    kind: Type.Literal("sle4428"),
    memoryHex: Hex,
    lockedBytes: Type.Array(Type.Integer({ minimum: 0, maximum: 1023 })),
  }),
  Type.Object({
    kind: Type.Union([Type.Literal("at24c01"), Type.Literal("at24c02"), Type.Literal("at24c16")]),
    memoryHex: Hex,
  }),
  Type.Object({ kind: Type.Literal("at88sc102"), memoryHex: Hex }),
]);

export const ChipRow = Type.Union([Sle4442Row, CpuCardRow, PlainChipRow]);

export const CardRow = Type.Object({
  id: Type.String(),
  label: Type.String(),
  /** As known to those who handed the card out; the chip itself carries a card number only. */
  accountNumber: Type.Union([Type.String(), Type.Null()]),
  mute: Type.Boolean(),
  chip: ChipRow,
});

export const SlotRow = Type.Object({
  reader: Type.String(),
  insertions: Type.Integer(),
  cardId: Type.Union([Type.String(), Type.Null()]),
  upsideDown: Type.Boolean(),
});

const Align = Type.Union([Type.Literal("left"), Type.Literal("centre"), Type.Literal("right")]);
const Run = Type.Object({
  column: Type.Integer(),
  text: Type.String(),
  bold: Type.Boolean(),
  underline: Type.Boolean(),
  invert: Type.Boolean(),
  width: Type.Integer(),
  height: Type.Integer(),
});

export const PaperLineRow = Type.Union([
  Type.Object({ kind: Type.Literal("text"), align: Align, runs: Type.Array(Run), text: Type.String() }),
  Type.Object({ kind: Type.Literal("qr"), align: Align, payload: Type.String(), moduleDots: Type.Integer() }),
  Type.Object({ kind: Type.Literal("barcode"), align: Align, symbology: Type.Integer(), payload: Type.String() }),
  Type.Object({
    kind: Type.Literal("image"),
    align: Align,
    widthDots: Type.Integer(),
    heightDots: Type.Integer(),
    bitsBase64: Type.String(),
  }),
]);

export const ReceiptRow = Type.Object({
  number: Type.Integer(),
  tornAt: Type.String(),
  lines: Type.Array(PaperLineRow),
  text: Type.String(),
});

export const PaperStateRow = Type.Union([Type.Literal("full"), Type.Literal("low"), Type.Literal("out")]);

/** A whole printer: what hangs out of it, what was torn off, its roll. */
export const PrinterRow = Type.Object({
  kiosk: Type.String(),
  paper: PaperStateRow,
  hanging: Type.Array(PaperLineRow),
  receipts: Type.Array(ReceiptRow),
  receiptsEver: Type.Integer(),
});

/**
 * A meter or controller that loads cards. Amounts are in its own commodity: litres (`volume`) or fen (`money`, it
 * prices by itself).
 */
export const PriceRow = Type.Object({
  /** 1/10 000 yuan per m³. */
  nowE4: Type.Integer({ minimum: 0 }),
  next: Type.Union([Type.Object({ priceE4: Type.Integer({ minimum: 0 }), from: Type.String() }), Type.Null()]),
});

export const MeterRow = Type.Object({
  id: Type.String(),
  label: Type.String(),
  device: Type.Union([Type.Literal("meter"), Type.Literal("controller")]),
  unit: Type.Union([Type.Literal("volume"), Type.Literal("money")]),
  /** The card it belongs to; null until the first card binds it. */
  boundTo: Type.Union([Type.Object({ areaCode: Type.String(), cardNumber: Type.String() }), Type.Null()]),
  /** Highest replacement number seen: cards with a lower one are old. */
  replacement: Type.Integer({ minimum: 0 }),
  /** Last purchase count accepted. */
  count: Type.Integer({ minimum: 0 }),
  totalCredited: Type.Integer({ minimum: 0 }),
  remaining: Type.Integer(),
  registerL: Type.Integer({ minimum: 0 }),
  valve: Type.Union([Type.Literal("open"), Type.Literal("closed")]),
  batteryLow: Type.Boolean(),
  /** The page of docs/cards it was made after; left out: open-b. */
  layout: Type.Optional(
    Type.Union([
      Type.Literal("open-a"),
      Type.Literal("open-b"),
      Type.Literal("open-b-cpu"),
      Type.Literal("open-b-sm4"),
      Type.Literal("open-c"),
    ]),
  ),
  /** Why the valve is closed; left out: it is open, or nobody knows. */
  closedBy: Type.Optional(Type.Union([Type.Literal("factory"), Type.Literal("empty")])),
  /** From the parameters of the last good card, litres or fen; left out: none was seen. */
  limits: Type.Optional(Type.Object({ alarm: Type.Integer(), overdraft: Type.Integer() })),
  /** What a `money` meter charges: the factory's, until a card brings one. */
  price: Type.Optional(PriceRow),
  /** Gas burnt and not yet a whole fen, in 1/100 000 fen. */
  unchargedE5: Type.Optional(Type.Integer({ minimum: 0 })),
  /** What burns all the time. `burnt`: up to which instant it was counted, with the rest in litre-milliseconds. */
  rateLPerHour: Type.Optional(Type.Integer({ minimum: 0 })),
  burnt: Type.Optional(Type.Object({ untilMs: Type.Integer(), restLMs: Type.Integer({ minimum: 0 }) })),
  /** Off the wall, with the meter that hangs in its place: no card goes in and no gas through. */
  replacedBy: Type.Optional(Type.String()),
});

/** A text message or a WeChat notice that arrived at a phone (docs/notices.md). */
export const MessageRow = Type.Object({
  /** Its place among all that ever arrived. */
  seq: Type.Integer({ minimum: 1 }),
  /** What the provider answered; the same for one that arrived twice. */
  id: Type.String(),
  provider: Type.Union([Type.Literal("sms"), Type.Literal("wechat")]),
  at: Type.String(),
  /** A number, or an openid. */
  to: Type.String(),
  /** The phone it belongs to here; null: nobody's. */
  phoneId: Type.Union([Type.String(), Type.Null()]),
  templateId: Type.String(),
  params: Type.Record(Type.String(), Type.String()),
  text: Type.Union([Type.String(), Type.Null()]),
  /** The sender's own mark, by which a repetition is known. */
  ref: Type.Union([Type.String(), Type.Null()]),
});

/** One change = one line on disk: its rows are there together or not at all. */
export const WorldChange = Type.Object({
  seeded: Type.Optional(Type.Boolean()),
  cards: Type.Optional(Type.Array(CardRow)),
  slots: Type.Optional(Type.Array(SlotRow)),
  meters: Type.Optional(Type.Array(MeterRow)),
  /** Back into their boxes. */
  metersGone: Type.Optional(Type.Array(Type.String())),
  printers: Type.Optional(Type.Array(PrinterRow)),
  /** Lines a printer has put on paper. */
  printed: Type.Optional(Type.Array(Type.Object({ kiosk: Type.String(), line: PaperLineRow }))),
  /** A knife went through: what hung becomes a receipt. */
  cut: Type.Optional(Type.Array(Type.Object({ kiosk: Type.String(), number: Type.Integer(), tornAt: Type.String() }))),
  paper: Type.Optional(Type.Array(Type.Object({ kiosk: Type.String(), paper: PaperStateRow }))),
  messages: Type.Optional(Type.Array(MessageRow)),
});

export type CardRow = Type.Static<typeof CardRow>;
export type SlotRow = Type.Static<typeof SlotRow>;
export type PrinterRow = Type.Static<typeof PrinterRow>;
export type MeterRow = Type.Static<typeof MeterRow>;
export type MessageRow = Type.Static<typeof MessageRow>;
export type WorldChange = Type.Static<typeof WorldChange>;
