/** Wrong rules about meters on a link: what is sent when, and what is believed of it. */
import { deliveredAmount, numberAfter, purchaseTable } from "@citygas/core";
import type { MeterWord } from "@citygas/server";
import { firstFor } from "../world/linkedSwap.ts";
import type { World } from "../world/world.ts";
import { acknowledgedEarly, loadsChanged, store } from "./centre.ts";
import { patch, type Sabotage } from "./sabotage.ts";

const unansweredMs = 600_000;

/** The first in the meter's queue, as if its record showed it. */
function asIfTaken(meterId: string, world: World): MeterWord | null {
  const p = firstFor(world, meterId);
  if (p?.command === undefined || p.countBefore === null || p.totalBefore === null) return null;
  const amount = deliveredAmount(p);
  const record = { purchaseNo: numberAfter(p.countBefore), amount, totalCredited: p.totalBefore + amount };
  return { kind: "record", record };
}

/** What `paid` does when it is given up, done to a recharge that is out. */
const givenBack: NonNullable<(typeof purchaseTable)["issued"]["gaveUp"]> = (p, e, now, settings) =>
  p.cardId === null ? (purchaseTable.paid.gaveUp?.(p, e, now, settings) ?? null) : null;

export const linkSabotages: readonly Sabotage[] = [
  acknowledgedEarly("rechargeNotDurable", "a recharge leaves before its number is on the disk", "rechargeSent"),
  {
    name: "rechargeExpired",
    about: "a recharge that its meter does not answer has failed, and is paid back",
    blind: ["I3"],
    install: () => {
      const { due } = purchaseTable.issued;
      return patch(purchaseTable.issued, {
        due: (p, e, now, settings) =>
          givenBack(p, { type: "gaveUp", reason: "timeout" }, now, settings) ?? due?.(p, e, now, settings) ?? null,
      });
    },
  },
  {
    name: "sentCancelled",
    about: "a recharge may be cancelled as long as its meter has not answered",
    blind: ["I3"],
    install: () => patch(purchaseTable.issued, { gaveUp: givenBack }),
  },
  {
    name: "silentMeterEmpty",
    about: "a meter on a link that is replaced and says nothing has taken nothing",
    blind: ["I3"],
    install: () => {
      const { meterDisagrees } = purchaseTable.unknown;
      return patch(purchaseTable.unknown, {
        meterDisagrees: (p, e, now, settings) =>
          givenBack(p, { type: "gaveUp", reason: "staff" }, now, settings) ??
          meterDisagrees?.(p, e, now, settings) ??
          null,
      });
    },
  },
  {
    name: "rechargeSentAnew",
    about: "a recharge that its meter does not answer is sent again under the next number",
    blind: ["I5"],
    seam: () => ({
      meterLink: (base, world) => ({
        send: async (meterId, command) => {
          await base.send(meterId, command);
          if (command.kind !== "recharge") return;
          const isOut = (): boolean => {
            const p = firstFor(world, meterId);
            return p?.state === "unknown" && numberAfter(p.countBefore ?? 0) === command.purchaseNo;
          };
          world.scheduler.at(unansweredMs, () => {
            if (isOut()) void base.send(meterId, { ...command, purchaseNo: numberAfter(command.purchaseNo) });
          });
        },
      }),
    }),
  },
  {
    name: "echoBelieved",
    about: "a meter that repeats a recharge has taken it",
    seam: () => ({
      meterWord: (word, meterId, world) => (word.kind === "echo" ? (asIfTaken(meterId, world) ?? word) : word),
    }),
  },
  store("queueOvertaken", "whichever recharge of a meter was paid last is sent first", (base) =>
    loadsChanged(base, (row) => {
      if (!("link" in row.state) || row.state.link === undefined) return row;
      const { link } = row.state;
      return { ...row, state: { ...row.state, link: { ...link, queue: link.queue.toReversed() } } };
    }),
  ),
];
