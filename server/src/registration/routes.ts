/** All of registration. For the administrator's token until staff have their own. */
import type { Routes } from "../http/app.ts";
import type { TerminalAuth } from "../terminals/pairing.ts";
import { registerAccountMoney } from "./accountMoney.ts";
import { accounts } from "./accounts.ts";
import { adoptionWindows } from "./adoptionWindows.ts";
import { cards, registerCardActions } from "./cards.ts";
import { deductionRules } from "./deductions.ts";
import { controllers, meters, registerControllerReplacement } from "./devices.ts";
import { addresses, holders } from "./people.ts";
import { registerResource } from "./resource.ts";
import { registerTariffVersions, tariffs } from "./tariffs.ts";
import { registerTerminalActions, terminals } from "./terminals.ts";
import { units } from "./units.ts";

export function registrationRoutes(auth: TerminalAuth): Routes {
  return (app, ctx) => {
    registerResource(app, ctx, units);
    registerResource(app, ctx, adoptionWindows);
    registerResource(app, ctx, holders);
    registerResource(app, ctx, addresses);
    registerResource(app, ctx, accounts);
    registerAccountMoney(app, ctx);
    registerResource(app, ctx, meters);
    registerResource(app, ctx, controllers);
    registerControllerReplacement(app, ctx);
    registerResource(app, ctx, cards);
    registerCardActions(app, ctx);
    registerResource(app, ctx, tariffs);
    registerTariffVersions(app, ctx);
    registerResource(app, ctx, deductionRules);
    registerResource(app, ctx, terminals);
    registerTerminalActions(app, ctx, auth);
  };
}
