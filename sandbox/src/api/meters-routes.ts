import { type Static, Type } from "typebox";
import { isWarning, priceE4Of } from "../meter/consumption.ts";
import { MeterRow, PriceRow } from "../state/rows.ts";
import { factoryMeter } from "../world/meters.ts";
import { type Api, type ApiContext, ById, Failure } from "./context.ts";
import { problem } from "./problems.ts";

const { id, label, device, unit, boundTo, replacement, count, totalCredited } = MeterRow.properties;
const { remaining, registerL, valve, batteryLow } = MeterRow.properties;
const LayoutName = Type.Union([
  Type.Literal("open-a"),
  Type.Literal("open-b"),
  Type.Literal("open-b-cpu"),
  Type.Literal("open-b-sm4"),
  Type.Literal("open-c"),
]);

const MeterView = Type.Object({
  ...{ id, label, device, unit, boundTo, replacement, count, totalCredited, remaining, registerL, valve, batteryLow },
  /** The page of docs/cards it was made after. */
  layout: LayoutName,
  /** Why the valve is closed: factory, it was never opened; empty, nothing is left. */
  closedBy: Type.Union([Type.Literal("factory"), Type.Literal("empty"), Type.Null()]),
  /** Warns at or below; litres or fen, 0 = never. */
  alarm: Type.Integer(),
  warning: Type.Boolean(),
  /** How far below zero it lets its remaining go. */
  overdraft: Type.Integer(),
  /** What it charges, and what from when on; null: it counts volume. */
  price: Type.Union([PriceRow, Type.Null()]),
  rateLPerHour: Type.Integer(),
  /** The meter in its place, where it is off the wall. */
  replacedBy: Type.Union([Type.String(), Type.Null()]),
});
export type MeterView = Static<typeof MeterView>;

function view(meter: MeterRow): MeterView {
  const { burnt: _burnt, unchargedE5: _unchargedE5, limits, ...rest } = meter;
  return {
    ...rest,
    layout: meter.layout ?? "open-b",
    closedBy: meter.closedBy ?? null,
    alarm: limits?.alarm ?? 0,
    warning: isWarning(meter),
    overdraft: limits?.overdraft ?? 0,
    price: meter.unit === "money" ? { nowE4: priceE4Of(meter), next: meter.price?.next ?? null } : null,
    rateLPerHour: meter.rateLPerHour ?? 0,
    replacedBy: meter.replacedBy ?? null,
  };
}

const NewMeter = Type.Object({
  id: Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" }),
  label: Type.String({ maxLength: 100 }),
  unit,
  device: Type.Optional(device),
  layout: Type.Optional(LayoutName),
  /** What a meter that prices by itself charges until a card tells it another price. */
  price: Type.Optional(PriceRow),
});

const InsertCard = Type.Object(
  {
    card: Type.String(),
    /**
     * Pulls the card after so many bytes that the meter writes: of the return area; on open-c those of the purchase area
     * first, 18 of them, where it takes the amount out.
     */
    pullAfterBytes: Type.Optional(Type.Integer({ minimum: 0, maximum: 37 })),
    /**
     * Pulls it on either side of the instant in which the meter counts. On open-c the amount is off the card by then, and
     * beforeCredit loses it; on the others nothing is written before.
     */
    pull: Type.Optional(Type.Union([Type.Literal("beforeCredit"), Type.Literal("afterCredit")])),
  },
  { additionalProperties: false },
);

const Insertion = Type.Object({
  meter: MeterView,
  /** credited, alreadyTaken, refused, notOurs or unreadable. */
  verdict: Type.Object(
    {
      kind: Type.String(),
      amount: Type.Optional(Type.Integer()),
      count: Type.Optional(Type.Integer()),
      errorCode: Type.Optional(Type.Integer()),
      reason: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
  zh: Type.String(),
  en: Type.String(),
  pulled: Type.Boolean(),
});

const Consume = Type.Object({ volumeL: Type.Integer({ minimum: 1, maximum: 10_000_000 }) });
const Rate = Type.Object({ litresPerHour: Type.Integer({ minimum: 0, maximum: 10_000 }) });

/** What the fitter reads off its display when no card can go in any more, in the words of the office's form. */
const LastWord = Type.Object({
  acceptedCount: Type.Integer(),
  totalCredited: Type.Integer(),
  remaining: Type.Integer(),
  indexL: Type.Integer(),
});
const Replacement = Type.Object({ old: MeterView, fresh: MeterView, lastWord: LastWord });

const lastWord = ({ count, totalCredited, remaining, registerL }: MeterRow): Static<typeof LastWord> => ({
  acceptedCount: count,
  totalCredited,
  remaining,
  indexL: registerL,
});

export function meterRoutes(api: Api, { world }: ApiContext): void {
  const { meters } = world;
  const MeterResponse = { 200: MeterView, ...Failure };

  api.get(
    "/meters",
    {
      schema: {
        description: "Every meter and controller: register, count, credit, valve.",
        response: { 200: Type.Object({ meters: Type.Array(MeterView) }) },
      },
    },
    () => ({
      meters: meters.all().map(view),
    }),
  );

  api.get(
    "/meters/:id",
    { schema: { description: "One meter.", params: ById, response: MeterResponse } },
    (request, reply) => {
      const meter = meters.find(request.params.id);
      return meter === undefined ? problem(reply, "unknownMeter") : view(meter);
    },
  );

  api.post(
    "/meters",
    {
      schema: {
        description: "A new meter, bound to nobody until the first card.",
        body: NewMeter,
        response: { 201: MeterView, ...Failure },
      },
    },
    (request, reply) => {
      const added = meters.add(factoryMeter({ device: "meter", ...request.body }));
      if (!added.ok) return problem(reply, added.problem);
      reply.code(201);
      return view(added.value);
    },
  );

  api.post(
    "/meters/:id/insert-card",
    {
      schema: {
        description:
          "Puts a card into the meter: it loads what is on it, zeroes it, writes its return area, and says what it made of it. pull: the card is pulled in the middle.",
        params: ById,
        body: InsertCard,
        response: { 200: Insertion, ...Failure },
      },
    },
    (request, reply) => {
      const { card, pullAfterBytes = null, pull = pullAfterBytes } = request.body;
      const inserted = meters.insertCard(request.params.id, card, pull);
      return inserted.ok ? { ...inserted.value, meter: view(inserted.value.meter) } : problem(reply, inserted.problem);
    },
  );

  api.post(
    "/meters/:id/consume",
    {
      schema: {
        description: "Burns gas at once; when nothing is left on the way, the valve closes.",
        params: ById,
        body: Consume,
        response: MeterResponse,
      },
    },
    (request, reply) => {
      const consumed = meters.consume(request.params.id, request.body.volumeL);
      return consumed.ok ? view(consumed.value) : problem(reply, consumed.problem);
    },
  );

  api.put(
    "/meters/:id/rate",
    {
      schema: {
        description: "Burns gas all the time, from now on, so many litres an hour; 0 turns everything off.",
        params: ById,
        body: Rate,
        response: MeterResponse,
      },
    },
    (request, reply) => {
      const set = meters.setRate(request.params.id, request.body.litresPerHour);
      return set.ok ? view(set.value) : problem(reply, set.problem);
    },
  );

  api.post(
    "/meters/:id/replacement",
    {
      schema: {
        description:
          "Takes the meter off the wall and mounts a new one of the same kind, bound to nobody; what the old one said last is what two people state to the office (POST /api/v1/meters/{id}/replacement).",
        params: ById,
        response: { 201: Replacement, ...Failure },
      },
    },
    (request, reply) => {
      const replaced = meters.replace(request.params.id);
      if (!replaced.ok) return problem(reply, replaced.problem);
      const { old, fresh } = replaced.value;
      reply.code(201);
      return { old: view(old), fresh: view(fresh), lastWord: lastWord(old) };
    },
  );

  api.delete(
    "/meters/:id/replacement",
    {
      schema: {
        description: "Undoes that while no card has been in the new meter: the old one hangs on the wall again.",
        params: ById,
        response: MeterResponse,
      },
    },
    (request, reply) => {
      const back = meters.putBack(request.params.id);
      return back.ok ? view(back.value) : problem(reply, back.problem);
    },
  );
}
