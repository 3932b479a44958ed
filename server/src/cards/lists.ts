/** Lists about cards for the office: counts that were adopted from an old system, and meters still on the old price. */
import { ProblemSchema } from "@citygas/api";
import { dayAtStart, dayOf } from "@citygas/core";
import { Type } from "typebox";
import type { Routes } from "../http/app.ts";
import { requireStaff } from "../http/auth.ts";
import { pageFields, pageOf, readPage, timeKey } from "../http/page.ts";
import { sendProblem } from "../http/problem.ts";
import { DayText, orNull, timeText, timeTextOrNull } from "../registration/fields.ts";
import { adoptionPage } from "./adoptionRows.ts";
import { oldPricePage } from "./oldPriceRows.ts";

const common = { security: [{ bearer: [] }] };
const UnitId = Type.Optional(Type.String({ maxLength: 64 }));

const Adoption = Type.Object({
  id: Type.String(),
  at: Type.String(),
  cardId: Type.String(),
  cardNumber: Type.String(),
  accountNumber: orNull(Type.String()),
  unitId: orNull(Type.String()),
  windowId: orNull(Type.String()),
  countBefore: Type.Integer(),
  count: Type.Integer(),
  totalBefore: Type.Integer(),
  credited: Type.Integer({ description: "posted as an opening entry; litres or fen" }),
  openingEntry: orNull(Type.String({ description: "the event that posted it" })),
  seen: Type.Boolean({ description: "finance has closed its line" }),
});

const Price = Type.Object({
  nowE4: Type.Integer(),
  next: orNull(Type.Object({ priceE4: Type.Integer(), from: DayText })),
});
const OldPrice = Type.Object({
  meterId: Type.String(),
  serial: Type.String(),
  accountNumber: Type.String(),
  cardNumber: Type.String(),
  wantedE4: Type.Integer({ description: "by the tariff in force that day, 1/10 000 yuan per m³" }),
  chargesE4: orNull(Type.Integer({ description: "what the meter charges that day; null: it was never told" })),
  toldAt: orNull(Type.String({ description: "when a reader last saw what it was told" })),
  /** Written on its card since, and not yet seen in the meter. */
  onTheWay: orNull(Price),
});

/** Routes below `/api/v1`. */
export const cardListRoutes: Routes = (app, ctx) => {
  app.get(
    "/adoptions",
    {
      onRequest: requireStaff("finance", "supervisor", "admin"),
      schema: {
        ...common,
        tags: ["registration"],
        summary: "采纳清单 · Counts taken over from an old system, each with its opening entry; oldest first",
        querystring: Type.Object({ ...pageFields, unitId: UnitId }),
        response: { 200: pageOf(Adoption), default: ProblemSchema },
      },
    },
    async ({ query }) =>
      readPage(
        query,
        (after, limit) => adoptionPage(ctx.db, query.unitId ?? null, after, limit),
        ({ at, ...row }) => ({ ...row, at: timeText(at) }),
        ({ at, id }) => timeKey(at, id),
      ),
  );
  app.get(
    "/meters/old-price",
    {
      onRequest: requireStaff("operations", "finance", "supervisor", "admin"),
      schema: {
        ...common,
        tags: ["tariffs"],
        summary: "仍执行旧价的表 · Meters that price by themselves and charge another price than the tariff, that day",
        querystring: Type.Object({
          ...pageFields,
          unitId: UnitId,
          day: Type.Optional({ ...DayText, description: "YYYY-MM-DD, Asia/Shanghai; left out: today" }),
        }),
        response: { 200: pageOf(OldPrice), default: ProblemSchema },
      },
    },
    async ({ query }, reply) => {
      const day = query.day ?? dayOf(ctx.now());
      const startsAt = startOf(day);
      if (startsAt === null) return sendProblem(reply, "request.invalid");
      // Of today, what is in force at this moment; of another day, what is from its beginning on.
      const at = query.day === undefined ? ctx.now() : startsAt;
      return readPage(
        query,
        (after, limit) => oldPricePage(ctx.db, { unitId: query.unitId ?? null, day, at }, after, limit),
        ({ id, toldAt, ...row }) => ({ meterId: id, ...row, toldAt: timeTextOrNull(toldAt) }),
      );
    },
  );
};

/** null: no day of the calendar. */
function startOf(day: string): number | null {
  try {
    return dayAtStart(day);
  } catch {
    return null;
  }
}
