/**
 * After every test of a file that has a city: what the gateways took less what they gave back, and the cash = what was
 * delivered + balances + what is in between, to the fen. Nobody waits: what is on its way is taken out by name
 * (money.ts). A city that the test has ended can't be asked; it is, after the test that starts it again.
 */
import { afterEach } from "vitest";
import { disagreements } from "./agreement.ts";
import { standing } from "./world.ts";

afterEach(async () => {
  for (const world of standing) {
    if (world.processes().length === 0) continue;
    await world.healthy();
    const found = await disagreements(world);
    if (found.length > 0) throw new Error(`after this test:\n${found.join("\n")}`);
  }
});
