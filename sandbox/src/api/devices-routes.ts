import { type Static, Type } from "typebox";
import { MeterRow, PaperLineRow, PaperStateRow, ReceiptRow } from "../state/rows.ts";
import { KIOSKS } from "../world/context.ts";
import { type Api, type ApiContext, ById, ByKiosk, Failure, KioskName } from "./context.ts";
import { problem } from "./problems.ts";

const PrinterView = Type.Object({
  kiosk: KioskName,
  paper: PaperStateRow,
  /** Stands still with stuck paper, until paper is put in. */
  jammed: Type.Boolean(),
  /** Printed, not cut off yet. */
  hanging: Type.Array(PaperLineRow),
  /** Torn off, oldest first. */
  receipts: Type.Array(ReceiptRow),
});

export type PrinterView = Static<typeof PrinterView>;

function printerRoutes(api: Api, { world }: ApiContext): void {
  const { printers } = world;

  api.get(
    "/printer/paper",
    {
      schema: {
        description: "The receipts of each kiosk as lines with their style, and as plain text.",
        response: { 200: Type.Object({ printers: Type.Array(PrinterView) }) },
      },
    },
    () => ({ printers: KIOSKS.map((kiosk) => printers.view(kiosk)) }),
  );

  const Paper = Type.Object(
    {
      state: PaperStateRow,
      /** With "low" or "full": the paper ends after so many more lines. */
      linesLeft: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    },
    { additionalProperties: false },
  );
  api.post(
    "/printer/:kiosk/paper",
    { schema: { params: ByKiosk, body: Paper, response: { 200: PrinterView, ...Failure } } },
    (request) => {
      const { kiosk } = request.params;
      printers.setPaper(kiosk, request.body.state, request.body.linesLeft ?? null);
      return printers.view(kiosk);
    },
  );
}

function meterRoutes(api: Api, { world }: ApiContext): void {
  const { meters } = world;
  const MeterResponse = { 200: MeterRow, ...Failure };

  api.get("/meters", { schema: { response: { 200: Type.Object({ meters: Type.Array(MeterRow) }) } } }, () => ({
    meters: meters.all(),
  }));

  api.get("/meters/:id", { schema: { params: ById, response: MeterResponse } }, (request, reply) => {
    const meter = meters.find(request.params.id);
    return meter === undefined ? problem(reply, "unknownMeter") : meter;
  });

  const NewMeter = Type.Object({
    id: Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" }),
    label: Type.String({ maxLength: 100 }),
    unit: MeterRow.properties.unit,
    device: Type.Optional(MeterRow.properties.device),
  });
  api.post(
    "/meters",
    {
      schema: {
        description: "A new meter, bound to nobody until the first card.",
        body: NewMeter,
        response: { 201: MeterRow, ...Failure },
      },
    },
    (request, reply) => {
      const { id, label, unit, device = "meter" } = request.body;
      const zero = { replacement: 0, count: 0, totalCredited: 0, remaining: 0, registerL: 0 };
      const meter = { id, label, device, unit, boundTo: null, ...zero, valve: "closed" as const, batteryLow: false };
      const added = meters.add(meter);
      if (!added.ok) return problem(reply, added.problem);
      reply.code(201);
      return added.value;
    },
  );

  const InsertCard = Type.Object(
    {
      card: Type.String(),
      /** Pulls the card after so many bytes of its return area. */
      pullAfterBytes: Type.Optional(Type.Integer({ minimum: 0, maximum: 19 })),
    },
    { additionalProperties: false },
  );
  const Insertion = Type.Object({
    meter: MeterRow,
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
  api.post(
    "/meters/:id/insert-card",
    { schema: { params: ById, body: InsertCard, response: { 200: Insertion, ...Failure } } },
    (request, reply) => {
      const { card, pullAfterBytes = null } = request.body;
      const inserted = meters.insertCard(request.params.id, card, pullAfterBytes);
      return inserted.ok ? inserted.value : problem(reply, inserted.problem);
    },
  );

  const Use = Type.Object(
    {
      volumeL: Type.Integer({ minimum: 1, maximum: 10_000_000 }),
      /** What a meter that prices by itself takes for it. */
      amountFen: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
    },
    { additionalProperties: false },
  );
  api.post(
    "/meters/:id/use",
    { schema: { description: "Burns gas.", params: ById, body: Use, response: MeterResponse } },
    (request, reply) => {
      const { volumeL, amountFen = 0 } = request.body;
      const used = meters.use(request.params.id, volumeL, amountFen);
      return used.ok ? used.value : problem(reply, used.problem);
    },
  );
}

export function deviceRoutes(api: Api, context: ApiContext): void {
  printerRoutes(api, context);
  meterRoutes(api, context);
}
