/** Wrong rules at kiosks, phones and the desk. */
import { type CardScript, fromHex, identifyImage, type ScriptReport, type ScriptStep, toHex } from "@citygas/gascard";
import type { Sabotage } from "./sabotage.ts";

/** What a script's report would be if every step had gone well. */
function asIfDone(script: CardScript, report: ScriptReport): ScriptReport {
  const results: ScriptReport["results"] = script.steps.map((step, index) => {
    if (step.op === "read") return { step: index, data: step.expect ?? "" };
    if (step.op === "write") return { step: index, data: step.data };
    if (step.op === "exchange") return { step: index, data: `${step.expect ?? ""}${step.sw}` };
    if (step.op === "seal") return { step: index, data: step.sw };
    return step.op === "counter" ? { step: index, counter: step.expect ?? 7 } : { step: index };
  });
  return { scriptId: report.scriptId, powerUpId: report.powerUpId, results };
}

const bytes = (step: ScriptStep | undefined): Uint8Array | null =>
  step?.op === "read" && step.expect !== undefined ? fromHex(step.expect) : null;

/** The same write with the count sealed first and the amount after it. */
function counterFirst(script: CardScript): CardScript {
  const before = bytes(script.steps[1]);
  const after = bytes(script.steps.at(-1));
  const found = after === null ? null : identifyImage(after);
  if (script.purpose !== "write" || before === null || after === null || !found?.ok) return script;
  const { driver } = found;
  const area = driver.purchaseArea(after);
  if (area === null) return script;
  const amount =
    driver.unit === "volume"
      ? { kind: "volume" as const, volumeL: area.amount }
      : { kind: "money" as const, amountFen: area.amount };
  const facts = { countBefore: area.count - 1, totalBefore: 0, amount, boughtOn: area.boughtOn ?? "2026-01-01" };
  const between = driver.refundImage?.(before, facts) ?? after;
  const { offset, length } = driver.areas.purchase;
  const part = (image: Uint8Array): CardScript["steps"][number] => ({
    op: "write",
    offset,
    data: toHex(image.subarray(offset, offset + length)),
  });
  const [select, read, counter, present] = script.steps;
  const last = script.steps.at(-1);
  if (!select || !read || !counter || !present || !last) return script;
  return { ...script, steps: [select, read, counter, present, part(between), part(after), last] };
}

export const terminalSabotages: readonly Sabotage[] = [
  {
    name: "counterBeforeAmount",
    about: "the count is written and sealed before the amount",
    seam: () => ({
      script: counterFirst,
      // The report of the other steps, in the words of the script that was asked for.
      report: (report, script) => {
        if (script.purpose !== "write") return report;
        if (report.failure === undefined) return asIfDone(script, report);
        return { ...report, results: [], failure: { step: 0, reason: report.failure.reason } };
      },
    }),
  },
  {
    name: "noReadBack",
    about: "what was sent to the card counts as written",
    seam: () => ({
      report: (report, script) => (report.failure?.reason === "removed" ? asIfDone(script, report) : report),
    }),
  },
  {
    name: "scriptSurvivesPowerUp",
    rare: true,
    about: "a script that was not finished is finished at the card's next insertion, whatever the card holds now",
    // The journal knows nothing of such a write: found by that alone, it would prove little.
    blind: ["I5"],
    seam: () => {
      const pending = new Map<string, CardScript>();
      return {
        script: (script, kiosk) => {
          if (script.purpose === "write") pending.set(`${kiosk.name} ${kiosk.slot?.card.label}`, script);
          return script;
        },
        report: (report) => {
          if (report.failure === undefined)
            for (const [key, { id }] of pending) if (id === report.scriptId) pending.delete(key);
          return report;
        },
        reader: (base, kiosk) => {
          // The script of this power-up is not an old one.
          let current = "";
          return {
            ...base,
            select: async (powerUpId, chip) => {
              const key = `${kiosk.name} ${kiosk.slot?.card.label}`;
              const script = powerUpId === current ? undefined : pending.get(key);
              current = powerUpId;
              pending.delete(key);
              for (const step of script?.steps ?? []) {
                if (step.op === "present") await base.present(powerUpId, fromHex(step.secret) ?? new Uint8Array());
                if (step.op === "write")
                  await base.write(powerUpId, step.offset, fromHex(step.data) ?? new Uint8Array());
              }
              return await base.select(powerUpId, chip);
            },
          };
        },
      };
    },
  },
  {
    name: "journalNotSynced",
    about: "the kiosk does not wait until its journal is on the disk",
    seam: () => ({ skipsSync: true }),
  },
  {
    name: "terminalClockTrusted",
    about: "a script's deadline is looked up on the terminal's own clock, which is slow",
    seam: () => ({ kioskClock: (base) => ({ ...base, now: () => (base.now() ?? 0) - 600_000 }) }),
  },
  {
    name: "resumeWithoutReread",
    about: "a kiosk that knows the card does not read it again",
    seam: () => {
      const known = new Map<string, ScriptReport>();
      return {
        image: (report, household) => {
          const last = known.get(household.plan.name);
          if (household.unsettled && last !== undefined) return { ...report, results: last.results };
          if (report.failure === undefined) known.set(household.plan.name, report);
          return report;
        },
      };
    },
  },
  {
    name: "answerOutlivesCard",
    about: "a kiosk shows what it was told about the card before",
    seam: () => {
      let last: { accountNumber: string } | null = null;
      return {
        answer: (answer) => {
          if (answer.kind !== "account") return answer;
          const before = last;
          last = answer.customer;
          return before === null ? answer : { ...answer, customer: { ...answer.customer, ...before } };
        },
      };
    },
  },
  {
    name: "fullNameShown",
    about: "a terminal is given the customer's full name and is to mask it itself",
    seam: () => ({
      answer: (answer, { customer: { holderName } }) =>
        answer.kind === "account" ? { ...answer, customer: { ...answer.customer, name: holderName } } : answer,
    }),
  },
  {
    name: "refundImageNotWritten",
    about: "the desk gives the money back without taking the purchase off the card",
    seam: () => ({
      script: (script) => (script.purpose === "refund" ? { ...script, steps: [] } : script),
      report: (report, script) => (script.purpose === "refund" ? asIfDone(script, report) : report),
    }),
  },
  {
    name: "phoneImageAsProof",
    rare: true,
    about: "an image that a phone reports proves a refund",
    seam: () => ({ phone: (terminal) => ({ ...terminal, kind: "kiosk" }) }),
  },
  {
    name: "replacementForgetsCount",
    about: "a replacement card gets a fresh number for the purchase that the lost one may still bring to the meter",
    seam: () => ({ replacementForgetsCount: true }),
  },
];
