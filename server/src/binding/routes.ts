import { dayOf, type Instant } from "@citygas/core";
import { Type } from "typebox";
import type { Routes } from "../http/app.ts";
import { pageHeaders } from "../outcome/frame.ts";
import { maskAccountNumber, maskName } from "../purchases/mask.ts";
import { bindHash } from "./bindLink.ts";
import { type BindFacts, bindNotFound, bindPage } from "./page.ts";

interface LinkRow {
  expires_at: Instant;
  used_at: Instant | null;
  unit: string;
  company_name: string;
  hotline: string;
  account_number: string;
  holder_name: string;
  purchase_number: string;
}

/** `GET /b/{token}`: whoever holds the receipt. Reads only: 410 for a link that is over, 404 for none. */
export const bindRoutes: Routes = (app, ctx) => {
  const schema = {
    tags: ["binding"],
    summary: "绑定燃气账户的一次性链接（脱敏网页） · Masked page of a receipt's one-time link, HTML",
    params: Type.Object({ token: Type.String({ maxLength: 64 }) }),
    produces: ["text/html"],
  };
  app.get("/b/:token", { schema }, async (request, reply) => {
    const { rows } = await ctx.db.query<LinkRow>(
      `select b.expires_at, b.used_at, u.name as unit, u.company_name, u.hotline,
              a.number as account_number, h.name as holder_name, p.number as purchase_number
       from bind_link b join purchase p on p.id = b.purchase_id
       join account_registration a on a.id = b.account_id join holder h on h.id = a.holder_id
       join company_unit u on u.id = a.unit_id
       where b.hash = $1`,
      [bindHash(request.params.token)],
    );
    const row = rows[0];
    pageHeaders(reply);
    if (row === undefined) return reply.code(404).send(bindNotFound());
    const state = stateOf(row, ctx.now());
    return reply.code(state === "valid" ? 200 : 410).send(
      bindPage({
        state,
        company: row.company_name,
        unit: row.unit,
        hotline: row.hotline,
        maskedNumber: maskAccountNumber(row.account_number),
        maskedName: maskName(row.holder_name),
        purchaseNumber: row.purchase_number,
        until: dayOf(row.expires_at),
      }),
    );
  });
};

function stateOf(row: Pick<LinkRow, "expires_at" | "used_at">, now: Instant): BindFacts["state"] {
  if (row.used_at !== null) return "used";
  return now >= row.expires_at ? "expired" : "valid";
}
