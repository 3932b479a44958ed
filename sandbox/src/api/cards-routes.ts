import { type Static, Type } from "typebox";
import { toHex } from "../hex.ts";
import type { CardReading } from "../meter/reading.ts";
import { amountText } from "../meter/words.ts";
import { SeedCard } from "../seed.ts";
import { PriceRow } from "../state/rows.ts";
import { readingOf, type TableCard } from "../world/cards.ts";
import { READERS } from "../world/context.ts";
import { chipOf } from "../world/world.ts";
import { type Api, type ApiContext, ById, Failure, ReaderName } from "./context.ts";
import { problem } from "./problems.ts";

const Unit = Type.Union([Type.Literal("volume"), Type.Literal("money")]);

const CardView = Type.Object({
  id: Type.String(),
  label: Type.String(),
  accountNumber: Type.Union([Type.String(), Type.Null()]),
  /** mute, blank, foreign, damagedIdentity, opening, user or tool. */
  kind: Type.String(),
  reader: Type.Union([ReaderName, Type.Null()]),
  upsideDown: Type.Boolean(),
  chip: Type.String(),
  /** none: the chip has no secret; full, worn, or locked for ever. */
  secretState: Type.String(),
  /** The SLE4442's error counter: 7 full, 0 locked for ever. null: another chip. */
  errorCounter: Type.Union([Type.Integer(), Type.Null()]),
  tearAfterBytes: Type.Union([Type.Integer(), Type.Null()]),
  /** What the layout says; null for a card without it. Amounts in litres or fen, by unit. */
  content: Type.Union([
    Type.Object({
      /** The page of docs/cards. */
      page: Type.String(),
      unit: Unit,
      areaCode: Type.String(),
      cardNumber: Type.String(),
      replacement: Type.Integer(),
      /** null: the purchase area is torn or damaged. */
      purchase: Type.Union([
        Type.Object({
          count: Type.Integer(),
          amount: Type.Integer(),
          boughtOn: Type.Union([Type.String(), Type.Null()]),
        }),
        Type.Null(),
      ]),
      /** What a meter that prices by itself is told; null: nothing, or nothing whole. */
      price: Type.Union([PriceRow, Type.Null()]),
      returned: Type.Union([
        Type.Object({
          beenInMeter: Type.Boolean(),
          acceptedCount: Type.Integer(),
          totalCredited: Type.Integer(),
          remaining: Type.Integer(),
          registerL: Type.Integer(),
          valveClosed: Type.Boolean(),
          batteryLow: Type.Boolean(),
          errorCode: Type.Integer(),
        }),
        Type.Null(),
      ]),
      /** What no meter has taken yet; null when the areas do not tell. */
      onCard: Type.Union([Type.Integer(), Type.Null()]),
    }),
    Type.Null(),
  ]),
  summary: Type.Object({ zh: Type.String(), en: Type.String() }),
});

export type CardView = Static<typeof CardView>;

const ReaderView = Type.Object({
  id: ReaderName,
  card: Type.Union([Type.String(), Type.Null()]),
  upsideDown: Type.Boolean(),
  /** Insertions so far; the number of the present one. */
  insertion: Type.Integer(),
  /** Of a motorised reader: where its card is, and whether it sticks. */
  motor: Type.Union([
    Type.Object({
      place: Type.Union([Type.Literal("none"), Type.Literal("atGate"), Type.Literal("inside")]),
      jammed: Type.Boolean(),
    }),
    Type.Null(),
  ]),
});
export type ReaderView = Static<typeof ReaderView>;

const KINDS = {
  mute: { zh: "无芯片或芯片坏", en: "no answer from a chip" },
  blank: { zh: "空白卡", en: "blank card" },
  foreign: { zh: "别的系统的卡", en: "card of another system" },
  damagedIdentity: { zh: "身份区损坏", en: "identity damaged" },
  opening: { zh: "开户卡", en: "opening card" },
  user: { zh: "用户卡", en: "user card" },
  tool: { zh: "工具卡", en: "tool card" },
} as const;

function summaryOf(reading: CardReading): { zh: string; en: string } {
  const kind = KINDS[reading.kind];
  if (!("identity" in reading)) return kind;
  if (reading.purchase === null || reading.onCard === null) {
    return { zh: `${kind.zh} · 数据不完整`, en: `${kind.en} · data incomplete` };
  }
  if (reading.onCard === 0) return { zh: `${kind.zh} · 卡中无气`, en: `${kind.en} · nothing on it` };
  const amount = amountText(reading.onCard, reading.identity.unit);
  return { zh: `${kind.zh} · 卡中有气 ${amount.zh}`, en: `${kind.en} · ${amount.en} on it` };
}

function contentOf(reading: CardReading) {
  if (!("identity" in reading)) return null;
  const { unit, areaCode, cardNumber, replacement } = reading.identity;
  const { page, purchase, returned, onCard } = reading;
  const price = reading.price === "none" ? null : reading.price;
  return { page, unit, areaCode, cardNumber, replacement, purchase, price, returned, onCard };
}

export function cardRoutes(api: Api, { world, motor }: ApiContext): void {
  const { cards } = world;

  const view = (card: TableCard) => {
    const reader = cards.readerOf(card);
    const reading = readingOf(card);
    return {
      id: card.id,
      label: card.label,
      accountNumber: card.accountNumber,
      kind: reading.kind,
      reader,
      upsideDown: reader !== null && cards.slot(reader).upsideDown,
      chip: card.chip.kind,
      secretState: card.chip.secretState,
      errorCounter: card.chip.kind === "sle4442" ? card.chip.errorCounter : null,
      tearAfterBytes: card.tearAfterBytes,
      content: contentOf(reading),
      summary: summaryOf(reading),
    };
  };

  const CardResponse = { 200: CardView, ...Failure };

  api.get(
    "/readers",
    {
      schema: {
        description: "The readers and what is in them: the kiosks' and the desk's.",
        response: { 200: Type.Object({ readers: Type.Array(ReaderView) }) },
      },
    },
    () => ({
      readers: READERS.map((id) => {
        const slot = cards.slot(id);
        const { card, upsideDown, insertions } = slot;
        return { id, card: card?.id ?? null, upsideDown, insertion: insertions, motor: motor(id) };
      }),
    }),
  );

  api.get(
    "/cards",
    {
      schema: {
        description: "Every card: id, account number, kind, where it is and what is on it.",
        response: { 200: Type.Object({ cards: Type.Array(CardView) }) },
      },
    },
    () => ({
      cards: cards.all().map(view),
    }),
  );

  api.get(
    "/cards/:id",
    { schema: { description: "One card.", params: ById, response: CardResponse } },
    (request, reply) => {
      const card = cards.find(request.params.id);
      return card === undefined ? problem(reply, "unknownCard") : view(card);
    },
  );

  const NewCard = Type.Partial(SeedCard, { additionalProperties: false });
  api.post(
    "/cards",
    {
      schema: {
        description: "A new card: blank, as from the factory, unless the body says otherwise.",
        body: NewCard,
        response: { 201: CardView, ...Failure },
      },
    },
    (request, reply) => {
      const { body } = request;
      const id = body.id ?? nextBlankId(new Set(cards.all().map((card) => card.id)));
      const { label = `空白卡 ${id}`, accountNumber = null, mute = false } = body;
      const added = cards.add({ id, label, accountNumber, mute, chip: chipOf(body) });
      if (!added.ok) return problem(reply, added.problem);
      reply.code(201);
      return view(added.value);
    },
  );

  const Issue = Type.Object(
    {
      imageHex: Type.String({ pattern: "^([0-9a-fA-F]{2}){1,8192}$" }),
      secretHex: Type.Union([Type.String({ pattern: "^([0-9a-fA-F]{2}){1,32}$" }), Type.Null()]),
    },
    { additionalProperties: true },
  );
  api.post(
    "/cards/:id/new-card",
    {
      schema: {
        description:
          "The office's desk writes a new card in the place of this one, on a chip of the same kind: the body is what GET /api/v1/cards/{id}/image answers.",
        params: ById,
        body: Issue,
        response: { 201: CardView, ...Failure },
      },
    },
    (request, reply) => {
      const { imageHex, secretHex } = request.body;
      const issued = cards.issue(request.params.id, { imageHex, secretHex });
      if (!issued.ok) return problem(reply, issued.problem);
      reply.code(201);
      return view(issued.value);
    },
  );

  const Image = Type.Object({ id: Type.String(), hex: Type.String() });
  api.get(
    "/cards/:id/image",
    {
      schema: {
        description: "The chip's main memory as hex, byte by byte as a reader would see it.",
        params: ById,
        response: { 200: Image, ...Failure },
      },
    },
    (request, reply) => {
      const card = cards.find(request.params.id);
      return card === undefined ? problem(reply, "unknownCard") : { id: card.id, hex: toHex(card.chip.image()) };
    },
  );

  const Insert = Type.Object(
    { reader: Type.Optional(ReaderName), upsideDown: Type.Optional(Type.Boolean()) },
    { additionalProperties: false },
  );
  api.post(
    "/cards/:id/insert",
    {
      schema: {
        description:
          "Puts the card into a reader, kiosk-1 unless another is named; upsideDown: its chip does not answer.",
        params: ById,
        body: Insert,
        response: CardResponse,
      },
    },
    (request, reply) => {
      const { reader = "kiosk-1", upsideDown = false } = request.body;
      const inserted = cards.insert(request.params.id, reader, upsideDown);
      return inserted.ok ? view(inserted.value) : problem(reply, inserted.problem);
    },
  );

  api.post(
    "/cards/:id/remove",
    {
      schema: { description: "Takes the card out of whatever reader it is in.", params: ById, response: CardResponse },
    },
    (request, reply) => {
      const removed = cards.remove(request.params.id);
      return removed.ok ? view(removed.value) : problem(reply, removed.problem);
    },
  );

  const Tear = Type.Object(
    { afterBytes: Type.Union([Type.Integer({ minimum: 0, maximum: 4096 }), Type.Null()]) },
    { additionalProperties: false },
  );
  api.post(
    "/cards/:id/tear",
    {
      schema: {
        description:
          "Pulls the card in its next write, after that many bytes; the byte at the cut is erased and not programmed. A CPU card does a whole command or nothing of it. null takes it back, and so does taking the card out.",
        params: ById,
        body: Tear,
        response: CardResponse,
      },
    },
    (request, reply) => {
      const torn = cards.tear(request.params.id, request.body.afterBytes);
      return torn.ok ? view(torn.value) : problem(reply, torn.problem);
    },
  );
}

function nextBlankId(taken: ReadonlySet<string>): string {
  let number = taken.size + 1;
  while (taken.has(`blank-${number}`)) number += 1;
  return `blank-${number}`;
}
