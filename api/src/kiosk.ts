/**
 * The terminal's part of the contract: what a kiosk (or phone, or desk) says to the centre and hears back.
 * Money integer fen, gas integer litres, times RFC 3339 strings unless a name ends in `At` with ms said.
 */
import { type Static, Type } from "typebox";
import { refusalCodes } from "./refusals.ts";

/** One of these words. (`Type.Union` of a mapped array loses the words in its static type, so they are said here.) */
function oneOf<const Words extends readonly string[]>(words: Words) {
  return Type.Unsafe<Words[number]>(Type.Union(words.map((word) => Type.Literal(word))));
}

const Fen = Type.Integer({ description: "fen" });
const Litre = Type.Integer({ description: "litres (1 m³ = 1000)" });
const Ms = Type.Integer({ description: "milliseconds since the epoch, server clock" });
export const Id = Type.String({ format: "uuid" });

export const RefusalCodeSchema = oneOf(refusalCodes);
export type RefusalCode = (typeof refusalCodes)[number];

export const DeliversSchema = Type.Union([
  Type.Object({ kind: Type.Literal("volume"), volumeL: Litre }),
  Type.Object({ kind: Type.Literal("amount"), meterCreditFen: Fen }),
]);

/** Masked: name and address show their last character and the room's; 用户号 in full (I10). */
export const CustomerSchema = Type.Object({
  accountNumber: Type.String(),
  name: Type.String(),
  address: Type.String(),
  balanceFen: Fen,
  cardTail: Type.String({ description: "last four of the card's number" }),
});
export type CustomerView = Static<typeof CustomerSchema>;

export const PriceLineSchema = Type.Object({
  kind: Type.Union([Type.Literal("gas"), Type.Literal("meterCredit"), Type.Literal("debt")]),
  tier: Type.Integer(),
  unitPriceE4: Type.Integer({ description: "1/10,000 yuan per m³; 0 where the meter prices" }),
  volumeL: Litre,
  amountFen: Fen,
  rule: Type.String(),
  usedBeforeL: Litre,
  tierUptoL: Type.Union([Litre, Type.Null()]),
});
export const BreakdownSchema = Type.Object({
  lines: Type.Array(PriceLineSchema),
  goodsFen: Fen,
  debtFen: Fen,
  deductions: Type.Array(Type.Object({ name: Type.String(), amountFen: Fen })),
  balanceOffsetFen: Fen,
  payableFen: Fen,
  delivers: DeliversSchema,
});
export type BreakdownView = Static<typeof BreakdownSchema>;

export const AttemptViewSchema = Type.Object({
  id: Id,
  channel: Type.Union([
    Type.Literal("wechat"),
    Type.Literal("alipay"),
    Type.Literal("acquirer"),
    Type.Literal("cash"),
    Type.Literal("pos"),
    Type.Literal("test"),
  ]),
  state: oneOf(["created", "submitted", "pending", "paid", "reversing", "reversed", "failed", "manual"]),
  refused: Type.Union([
    Type.Literal("balance"),
    Type.Literal("code"),
    Type.Literal("risk"),
    Type.Literal("other"),
    Type.Null(),
  ]),
  needsPassword: Type.Boolean(),
});

export const purchaseStates = [
  "quoted",
  "paying",
  "closing",
  "paid",
  "issued",
  "unknown",
  "refunding",
  "refunded",
  "manual",
  "delivered",
  "void",
] as const;
export const PurchaseSchema = Type.Object({
  id: Id,
  number: Type.String({ description: "for people, e.g. 3K7-0192" }),
  version: Type.Integer(),
  state: oneOf(purchaseStates),
  reason: Type.Union([Type.String(), Type.Null()]),
  breakdown: BreakdownSchema,
  /** The newest attempt, or null. */
  attempt: Type.Union([AttemptViewSchema, Type.Null()]),
  /** May another code be presented now? */
  acceptsCode: Type.Boolean(),
  dueAtMs: Type.Union([Ms, Type.Null()]),
  nowMs: Ms,
  url: Type.String({ description: "masked outcome page, /r/{token}" }),
  refund: Type.Union([Type.Object({ amountFen: Fen, done: Type.Boolean(), stuck: Type.Boolean() }), Type.Null()]),
});
export type PurchaseView = Static<typeof PurchaseSchema>;

const hexPattern = "^([0-9a-f]{2})*$";
const Hex = Type.String({ pattern: hexPattern, maxLength: 8192 });
/** Whatever a log makes of a script: these are secrets, or open a card. */
const Secret = Type.String({ pattern: hexPattern, minLength: 4, maxLength: 32, description: "never logged" });
const Apdu = Type.String({ pattern: hexPattern, minLength: 8, maxLength: 522 });
const StatusWord = Type.String({ pattern: "^[0-9a-f]{4}$" });
const Offset = Type.Integer({ minimum: 0 });
const Length = Type.Integer({ minimum: 1 });
const ChipSchema = Type.Union([
  Type.Literal("sle4442"),
  Type.Literal("sle4428"),
  Type.Literal("at24c01"),
  Type.Literal("at24c02"),
  Type.Literal("at24c16"),
  Type.Literal("at88sc102"),
  Type.Literal("cpu"),
]);
/** An AT24C is written byte by byte, each a step of its own; the longest sale of the open layouts takes about forty. */
const stepsMax = 128;

/** What each step does: protocols/gascard, script.ts. */
const StepSchema = Type.Union([
  Type.Object({ op: Type.Literal("select"), chip: ChipSchema }),
  Type.Object({ op: Type.Literal("read"), offset: Offset, length: Length, expect: Type.Optional(Hex) }),
  Type.Object({ op: Type.Literal("counter"), expect: Type.Optional(Type.Integer()) }),
  Type.Object({ op: Type.Literal("present"), secret: Secret }),
  Type.Object({ op: Type.Literal("write"), offset: Offset, data: Hex }),
  Type.Object({ op: Type.Literal("rekey"), secret: Secret }),
  Type.Object({ op: Type.Literal("erase"), offset: Offset, length: Length, key: Secret }),
  Type.Object({
    op: Type.Literal("exchange"),
    apdu: Apdu,
    sw: StatusWord,
    part: Type.Optional(Type.Object({ offset: Offset, length: Length })),
    expect: Type.Optional(Hex),
  }),
  Type.Object({
    op: Type.Literal("seal"),
    challengeBytes: Type.Union([Type.Literal(4), Type.Literal(8), Type.Literal(16)]),
    sw: StatusWord,
    unsealed: Type.Optional(
      Type.Object(
        {
          cipher: Type.Union([Type.Literal("tripleDes"), Type.Literal("sm4")]),
          factor: Type.String({ pattern: "^[0-9a-f]{16}$", description: "of which the card's key is made" }),
          command: Apdu,
        },
        { description: "for a PSAM of the terminal's own; without one, ask for the seal" },
      ),
    ),
  }),
]);

export const ScriptSchema = Type.Object({
  id: Id,
  purpose: Type.Union([Type.Literal("probe"), Type.Literal("write"), Type.Literal("refund")]),
  steps: Type.Array(StepSchema, { maxItems: stepsMax }),
  deadlineAt: Ms,
});
export const ReportSchema = Type.Object({
  scriptId: Id,
  powerUpId: Type.String({ maxLength: 64 }),
  results: Type.Array(
    Type.Object({
      step: Type.Integer({ minimum: 0 }),
      data: Type.Optional(Hex),
      counter: Type.Optional(Type.Integer()),
    }),
    { maxItems: stepsMax },
  ),
  failure: Type.Optional(
    Type.Object({
      step: Type.Integer(),
      reason: oneOf([
        "removed",
        "mismatch",
        "wrongSecret",
        "locked",
        "verifyFailed",
        "readerFault",
        "expired",
        "stale",
      ]),
    }),
  ),
});

/** A CPU card's challenge on its way up, for one `seal` step of the script that is out for it. */
export const SealRequestSchema = Type.Object({
  scriptId: Id,
  powerUpId: Type.String({ maxLength: 64 }),
  step: Type.Integer({ minimum: 0, maximum: stepsMax - 1 }),
  challenge: Type.String({ pattern: "^([0-9a-f]{8}|[0-9a-f]{16}|[0-9a-f]{32})$" }),
});
export type SealRequest = Static<typeof SealRequestSchema>;
/** The finished command, good for that one challenge. */
export const SealedSchema = Type.Object({ apdu: Apdu });
export type Sealed = Static<typeof SealedSchema>;

export const OutcomeSchema = Type.Object({
  kind: Type.Union([
    Type.Literal("delivered"),
    Type.Literal("refunded"),
    Type.Literal("refunding"),
    Type.Literal("cancelled"),
  ]),
  number: Type.String(),
  delivers: DeliversSchema,
  amountFen: Fen,
  at: Ms,
});

/** What the centre makes of a card: one of these answers every image and every report. */
export const CardAnswerSchema = Type.Union([
  /** Nothing open, nothing on it: account and purchase screen. */
  Type.Object({
    kind: Type.Literal("account"),
    customer: CustomerSchema,
    unit: Type.Union([Type.Literal("volume"), Type.Literal("money")]),
    maximum: Type.Union([Type.Object({ value: Type.Integer(), rule: Type.String() }), Type.Null()]),
    quick: Type.Array(Type.Integer()),
    notice: Type.Union([OutcomeSchema, Type.Null()]),
  }),
  /** An open purchase goes on at this card: run this script, then POST its report. */
  Type.Object({
    kind: Type.Literal("script"),
    script: ScriptSchema,
    purchase: PurchaseSchema,
    resumed: Type.Boolean(),
  }),
  /** Written and read back (now, or found so). `notice`: it was an earlier purchase, settled by this reading. */
  Type.Object({ kind: Type.Literal("delivered"), purchase: PurchaseSchema, resumed: Type.Boolean() }),
  Type.Object({ kind: Type.Literal("refunding"), purchase: PurchaseSchema }),
  /** Gas the meter has not taken yet: meter first, no sale. */
  Type.Object({
    kind: Type.Literal("gasOnCard"),
    customer: CustomerSchema,
    gas: DeliversSchema,
    boughtOn: Type.Union([Type.String(), Type.Null()]),
    notice: Type.Union([OutcomeSchema, Type.Null()]),
  }),
  /** The write did not come to its end; the purchase stays the customer's. `hall`: only people can go on. */
  Type.Object({ kind: Type.Literal("writeFailed"), purchase: PurchaseSchema, hall: Type.Boolean() }),
  /** No sale, and why; `number`: an open purchase that a person decides. */
  Type.Object({
    kind: Type.Literal("refused"),
    code: RefusalCodeSchema,
    value: Type.Union([Type.Integer(), Type.Null()]),
    number: Type.Union([Type.String(), Type.Null()]),
  }),
]);
export type CardAnswer = Static<typeof CardAnswerSchema>;

export const OpenSessionSchema = Type.Object({
  reader: Type.String({ maxLength: 64 }),
  atr: Type.String({ maxLength: 66 }),
  powerUpId: Type.String({ maxLength: 64 }),
});
export const SessionSchema = Type.Object({ id: Id, script: ScriptSchema });
export const EntrySchema = Type.Union([
  Type.Object({ kind: Type.Literal("amount"), amountFen: Fen }),
  Type.Object({ kind: Type.Literal("volume"), volumeL: Litre }),
]);
export const NewPurchaseSchema = Type.Object({ cardSessionId: Id, entry: EntrySchema });
export const NewAttemptSchema = Type.Object({ code: Type.String({ maxLength: 128 }) });
export const WantScriptSchema = Type.Object({ cardSessionId: Id });

export const TerminalConfigSchema = Type.Object({
  terminalId: Id,
  terminal: Type.String(),
  company: Type.String(),
  unit: Type.String(),
  hotline: Type.String(),
  nowMs: Ms,
  settings: Type.Object({ codeWindowMs: Type.Integer(), successWindowMs: Type.Integer(), idleMs: Type.Integer() }),
});
export type TerminalConfig = Static<typeof TerminalConfigSchema>;

/** All that stands on a receipt; the receipt package lays it out. */
export const ReceiptSchema = Type.Object({
  company: Type.String(),
  unit: Type.String(),
  terminal: Type.String(),
  number: Type.String(),
  customer: CustomerSchema,
  breakdown: BreakdownSchema,
  channel: Type.Union([Type.String(), Type.Null()]),
  channelNumber: Type.Union([Type.String(), Type.Null()]),
  paidAtMs: Type.Union([Ms, Type.Null()]),
  purchaseCount: Type.Integer(),
  hotline: Type.String(),
  /** One-time link that opens binding. */
  bindUrl: Type.String(),
  reprint: Type.Boolean(),
});
export type ReceiptData = Static<typeof ReceiptSchema>;

/** RFC 9457. `code` is stable; texts in both languages. */
export const ProblemSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  zh: Type.String(),
  en: Type.String(),
  detail: Type.Optional(Type.String()),
  value: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  number: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});
export type Problem = Static<typeof ProblemSchema>;
