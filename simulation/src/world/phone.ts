/** A phone with a dongle that says of a card what it likes. It talks to the centre through the services' own door. */

import type { ScriptReport } from "@citygas/gascard";
import { fromHex, toHex } from "@citygas/gascard";
import { endSession, openSession, putImage } from "@citygas/server";
import type { Household } from "./household.ts";
import type { World } from "./world.ts";

/** An image that the card does not hold: the older one of an open purchase, or its refund image. */
export async function phoneLies(world: World, household: Household): Promise<void> {
  const { faults, phone } = world;
  const older = wanted(world, household);
  if (older === null) return;
  household.liedAbout = true;
  const { chip } = household.card;
  const counter = chip.kind === "sle4442" ? chip.errorCounter : 0;
  const powerUpId = phone.newKey();
  const opened = await phone.ask("session", 20_000, async (server) => ({
    ok: true,
    value: await openSession(server.sale, phone.terminal, { reader: "ble", atr: chip.atr, powerUpId }),
  }));
  if (!opened.ok) return;
  const { id, script } = opened.value;
  const results: ScriptReport["results"] = script.steps.map((step, index) => {
    if (step.op === "read") return { step: index, data: toHex(older.slice(step.offset, step.offset + step.length)) };
    if (step.op === "exchange") {
      // All but the files the card says itself: it lies beside the liar, and proves that it does.
      const said = chip.kind === "cpu" ? toHex(chip.apdu(fromHex(step.apdu) ?? new Uint8Array(0))) : "";
      if (step.part === undefined) return { step: index, data: said };
      const { offset, length } = step.part;
      return { step: index, data: toHex(older.slice(offset, offset + length)) + step.sw };
    }
    return step.op === "counter" ? { step: index, counter } : { step: index };
  });
  faults.hit("falseImage");
  world.say(() => `a phone reports a false image of ${household.card.label}`);
  world.checks.inserted(powerUpId, household.card);
  world.checks.imageTaken(id, powerUpId);
  const terminal = world.seam.phone(phone.terminal);
  await phone.ask("image", 20_000, (server) =>
    putImage(server.sale, terminal, id, { scriptId: script.id, powerUpId, results }),
  );
  await phone.ask("end", 5_000, (server) => endSession(server.sale, terminal, id));
}

/** What the liar would like the centre to see: the refund image where one is waited for, else the card before its purchase. */
function wanted(world: World, household: Household): Uint8Array | null {
  const openId = world.store.peek("card", household.cardId)?.state.openPurchaseId ?? null;
  const script = openId === null ? null : (world.store.peek("purchase", openId)?.state.script ?? null);
  if (script?.kind === "refund") return fromHex(script.after);
  return world.checks.lastBefore(household);
}
