import { useState } from "preact/hooks";
import type { FaultView } from "./api.ts";
import type { Bench } from "./use-table.ts";
import { Station, Switch } from "./words.tsx";

/** All fault switches: armed once, or for good. */
export function Faults({ bench }: { bench: Bench }) {
  const [always, setAlways] = useState(false);
  const { faults } = bench.table;
  const armed = faults.filter((fault) => fault.armed !== null).length;
  const set = (fault: FaultView) => (on: boolean) =>
    void (on
      ? bench.put("PUT", `/faults/${fault.name}`, { times: always ? "always" : 1 })
      : bench.put("DELETE", `/faults/${fault.name}`));
  const tools = (
    <span class="tools">
      <fieldset class="often" aria-label="多少次 How often">
        <button type="button" class="small" aria-pressed={!always} onClick={() => setAlways(false)}>
          一次
        </button>
        <button type="button" class="small" aria-pressed={always} onClick={() => setAlways(true)}>
          一直
        </button>
      </fieldset>
      <button
        type="button"
        class="small"
        disabled={armed === 0}
        onClick={() => void bench.put("PUT", "/faults", { faults: [] })}
      >
        全部关闭
      </button>
    </span>
  );
  return (
    <Station name="faults" zh={armed === 0 ? "故障开关" : `故障开关 · ${armed} 个开着`} en="Faults" tools={tools}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard */}
      <section class="fault-list" tabIndex={0} aria-label="故障开关 Fault switches">
        {faults.map((fault) => (
          <Switch
            key={fault.name}
            zh={fault.armed === null ? fault.zh : `${fault.zh}${timesText(fault.armed.times)}`}
            en={fault.en}
            title={fault.description}
            on={fault.armed !== null}
            toggle={set(fault)}
          />
        ))}
      </section>
    </Station>
  );
}

function timesText(times: number | "always"): string {
  return times === "always" ? "（一直）" : times === 1 ? "（一次）" : `（${times} 次）`;
}
