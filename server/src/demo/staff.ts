/**
 * Somebody of each role, so that what only people decide can be tried: their tokens lie beside the administrator's, in
 * `secrets/staff/ROLE.token`. A city in production mode has neither them nor the rest of the demo.
 */
import fs from "node:fs";
import path from "node:path";
import type { ServerContext } from "../context.ts";
import type { Role } from "../decisions/types.ts";
import { writeOnce } from "../keys/softKeys.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { addStaff } from "../staff/staffRows.ts";
import { issueStaffToken, staffAuthenticator } from "../staff/tokens.ts";

export const demoStaff: Readonly<Record<Role, string>> = {
  cashier: "演示收银员",
  supervisor: "演示主管",
  finance: "演示财务",
  operations: "演示运维",
  admin: "演示管理员",
};

export const staffTokenFile = (dataDir: string, role: Role): string =>
  path.join(dataDir, "secrets", "staff", `${role}.token`);

/** May be repeated: a token that still opens stays as it is. */
export async function seedDemoStaff(ctx: ServerContext, dataDir: string): Promise<void> {
  const opens = staffAuthenticator(ctx);
  for (const role of Object.keys(demoStaff) as Role[]) {
    const id = derivedId("demo", "staff", role);
    await addStaff(ctx.db, { id, name: demoStaff[role], roles: [role], createdAt: ctx.now(), disabledAt: null });
    const file = staffTokenFile(dataDir, role);
    const kept = fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim() : "";
    if (typeof (await opens(kept)) === "object") continue;
    fs.rmSync(file, { force: true });
    writeOnce(file, await issueStaffToken(ctx, id, { expiresAt: null, instead: false }));
  }
}
