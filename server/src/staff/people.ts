/** Puts together all that people do: who they are, what two of them decide, their list, their drawers, their log. */

import { openAudit } from "../audit/audit.ts";
import { auditRoutes } from "../audit/routes.ts";
import { cardListRoutes } from "../cards/lists.ts";
import { depositKind } from "../counter/decisions.ts";
import { registerCounter } from "../counter/routes.ts";
import { type Decisions, openDecisions } from "../decisions/decisions.ts";
import { replaceKind } from "../decisions/kinds/card.ts";
import { meterKinds } from "../decisions/kinds/meter.ts";
import { moneyKinds } from "../decisions/kinds/money.ts";
import { purchaseKinds } from "../decisions/kinds/purchase.ts";
import { adjustKind, adoptionKind, publishTariffKind } from "../decisions/kinds/registration.ts";
import { decisionRoutes } from "../decisions/routes.ts";
import type { DecisionKind } from "../decisions/types.ts";
import type { Routes } from "../http/app.ts";
import { followPurchases } from "../notices/follower.ts";
import { type NoticeChannels, sendNotices } from "../notices/sender.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { inTurn, type Janitor, janitor } from "../tasks/janitor.ts";
import { registerStaffTasks } from "../tasks/routes.ts";
import { staffTaskKeeper } from "../tasks/staffTaskKeeper.ts";
import { staffRoutes } from "./routes.ts";

export interface People {
  /** Below `/api/v1`. */
  routes: Routes[];
  decisions: Decisions;
  /** Carries out what was confirmed and left lying, keeps the list true, tells customers who have left. */
  janitor: Janitor;
}

const everyMs = 5_000;

/**
 * @param moreKinds what other capabilities have people decide.
 * @param notices providers of text messages and WeChat notices; without any, none are written.
 */
export function openPeople(
  sale: SaleContext,
  moreKinds: readonly DecisionKind[],
  notices: NoticeChannels = new Map(),
): People {
  const audit = openAudit(sale.db, sale.now, sale.newId());
  const decisions = openDecisions(sale, audit, [
    ...purchaseKinds(sale),
    ...moneyKinds(sale),
    depositKind,
    replaceKind,
    ...meterKinds(sale),
    adjustKind,
    publishTariffKind,
    adoptionKind,
    ...moreKinds,
  ]);
  const keeper = staffTaskKeeper(sale);
  const tellers = notices.size === 0 ? [] : [() => followPurchases(sale), () => sendNotices(sale, notices)];
  return {
    decisions,
    routes: [
      staffRoutes(audit),
      auditRoutes,
      decisionRoutes(decisions),
      cardListRoutes,
      (app) => registerStaffTasks(app, sale, audit),
      (app) => registerCounter(app, sale, audit),
    ],
    janitor: janitor(() => inTurn(decisions.sweep, keeper.round, ...tellers), sale.log, everyMs),
  };
}
