import type { Purchase } from "@citygas/core";
import { Type } from "typebox";
import type { Routes } from "../http/app.ts";
import { maskName } from "../purchases/mask.ts";
import { pageHeaders } from "./frame.ts";
import { outcomeNotFound, outcomePage } from "./page.ts";

interface OutcomeRow {
  state: Purchase;
  name: string;
  company_name: string;
  hotline: string;
  number: string;
  holder_name: string;
}

/** `GET /r/{token}`: whoever holds the receipt or saw the QR. The token is 128 random bits. */
export const outcomeRoutes: Routes = (app, ctx) => {
  const schema = {
    tags: ["outcome"],
    summary: "购气结果（脱敏网页） · Masked outcome page, HTML",
    params: Type.Object({ token: Type.String({ maxLength: 64 }) }),
    produces: ["text/html"],
  };
  app.get("/r/:token", { schema }, async (request, reply) => {
    const { rows } = await ctx.db.query<OutcomeRow>(
      `select p.state, u.name, u.company_name, u.hotline, a.number, h.name as holder_name
       from purchase p join company_unit u on u.id = p.unit_id
       join account_registration a on a.id = p.account_id join holder h on h.id = a.holder_id
       where p.token = $1`,
      [request.params.token],
    );
    const row = rows[0];
    pageHeaders(reply);
    if (row === undefined) return reply.code(404).send(outcomeNotFound());
    return reply.send(
      outcomePage({
        purchase: row.state,
        company: row.company_name,
        unit: row.name,
        hotline: row.hotline,
        accountNumber: row.number,
        maskedName: maskName(row.holder_name),
      }),
    );
  });
};
