/** A card without wire or chip time, in a reader that carries scripts out, and the meter that it is loaded into. */
import {
  type CardScript,
  fromHex,
  type LayoutDriver,
  layoutByName,
  type ScriptReport,
  toHex,
  withReturnArea,
} from "@citygas/gascard";
import type { SaleCard } from "./job.ts";

const counterFull = 7;

export interface MemoryCard {
  /** Does every step; the report as a terminal gives it. */
  run(script: CardScript, powerUpId: string): ScriptReport;
  /** The meter takes what is on it and writes its return area: the card may buy again. */
  intoMeter(): void;
}

/** @throws when the layout is unknown, or a script is not for this card: a run that goes wrong must not be measured. */
export function memoryCard(issued: Pick<SaleCard, "layout" | "imageHex" | "secretHex">): MemoryCard {
  const driver = driverOf(issued.layout);
  let image = bytes(issued.imageHex);
  let meter = { count: 0, totalCredited: 0 };

  const doStep = (script: CardScript, step: number): ScriptReport["results"][number] => {
    const todo = script.steps[step];
    switch (todo?.op) {
      case "select":
        return { step };
      case "read": {
        const data = toHex(image.subarray(todo.offset, todo.offset + todo.length));
        if (todo.expect !== undefined && todo.expect !== data) throw new Error("the card is not as the script expects");
        return { step, data };
      }
      case "counter":
        return { step, counter: counterFull };
      case "present":
        if (todo.secret !== issued.secretHex) throw new Error("a script with another card's secret");
        return { step, counter: counterFull };
      case "write":
        image = image.slice();
        image.set(bytes(todo.data), todo.offset);
        return { step, data: todo.data };
      default:
        throw new Error(`no step ${step}`);
    }
  };

  return {
    run: (script, powerUpId) => ({
      scriptId: script.id,
      powerUpId,
      results: script.steps.map((_, step) => doStep(script, step)),
    }),
    intoMeter: () => {
      const bought = driver.purchaseArea(image);
      if (bought === null || bought.count !== meter.count + 1) throw new Error("nothing on the card for its meter");
      meter = { count: bought.count, totalCredited: meter.totalCredited + bought.amount };
      const word = { registerL: 31_480, remaining: 3_520, valve: "open", batteryLow: false } as const;
      image = withReturnArea(image, { ...meter, ...word });
    },
  };
}

function driverOf(layout: string): LayoutDriver {
  const driver = layoutByName(layout);
  if (driver === null) throw new Error(`unknown layout ${layout}`);
  return driver;
}

function bytes(hex: string): Uint8Array {
  const found = fromHex(hex);
  if (found === null) throw new Error("not hex");
  return found;
}
