import { useState } from "preact/hooks";
import type { FaultView } from "./api.ts";
import type { Bench } from "./use-table.ts";
import { Station, Switch, Words } from "./words.tsx";

type Gateway = FaultView["gateways"][number];
type Times = number | "always";
const GATEWAYS: Readonly<Record<Gateway | "both", string>> = {
  both: "所有网关",
  wechat: "微信",
  alipay: "支付宝",
  acquirer: "收单行",
};
const CHOICES = ["both", "wechat", "alipay", "acquirer"] as const;

/** All fault switches by group: armed once, for the next few calls, or for good; everywhere, or at one gateway. */
export function Faults({ bench }: { bench: Bench }) {
  const [times, setTimes] = useState<Times>(1);
  const [gateway, setGateway] = useState<Gateway | "both">("both");
  const [part, setPart] = useState("all");
  const { faults } = bench.table;
  const armed = faults.filter((fault) => fault.armed !== null).length;
  const shown = faults.filter(
    ({ gateways }) => gateway === "both" || gateways.length === 0 || gateways.includes(gateway),
  );
  const set = (fault: FaultView) => (on: boolean) =>
    void (on
      ? bench.put("PUT", `/faults/${fault.name}`, fault.gateways.length === 0 ? { times } : { times, gateway })
      : bench.put("DELETE", `/faults/${fault.name}`));
  const groups = groupsOf(shown);
  const tools = (
    <span class="tools">
      <select aria-label="哪一类 Which kind" value={part} onChange={(event) => setPart(event.currentTarget.value)}>
        <option value="all">全部</option>
        {groups.map(({ group }) => (
          <option key={group.id} value={group.id}>
            {group.zh}
          </option>
        ))}
      </select>
      <select
        aria-label="哪个网关 Which gateway"
        value={gateway}
        onChange={(event) => setGateway(CHOICES.find((one) => one === event.currentTarget.value) ?? "both")}
      >
        {CHOICES.map((one) => (
          <option key={one} value={one}>
            {GATEWAYS[one]}
          </option>
        ))}
      </select>
      <Often times={times} setTimes={setTimes} />
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
        {groups
          .filter(({ group }) => part === "all" || group.id === part)
          .map(({ group, members }) => (
            <fieldset key={group.id} class="fault-group" aria-label={`${group.zh} ${group.en}`}>
              <h3>
                <Words zh={group.zh} en={group.en} />
              </h3>
              {members.map((fault) => (
                <Switch
                  key={fault.name}
                  zh={fault.armed === null ? fault.zh : `${fault.zh}${armedText(fault.armed)}`}
                  en={fault.en}
                  title={fault.description}
                  on={fault.armed !== null}
                  toggle={set(fault)}
                />
              ))}
            </fieldset>
          ))}
      </section>
    </Station>
  );
}

function Often({ times, setTimes }: { times: Times; setTimes(times: Times): void }) {
  const [several, setSeveral] = useState(3);
  const choose = (count: number): void => {
    setSeveral(count);
    setTimes(count);
  };
  return (
    <fieldset class="often" aria-label="多少次 How often">
      <button type="button" class="small" aria-pressed={times === 1} onClick={() => setTimes(1)}>
        一次
      </button>
      <button
        type="button"
        class="small"
        aria-pressed={times !== 1 && times !== "always"}
        onClick={() => setTimes(several)}
      >
        几次
      </button>
      <input
        type="number"
        min="2"
        max="99"
        aria-label="次数 Number of calls"
        value={several}
        onChange={(event) => choose(Math.min(99, Math.max(2, Math.trunc(Number(event.currentTarget.value)) || 2)))}
      />
      <button type="button" class="small" aria-pressed={times === "always"} onClick={() => setTimes("always")}>
        一直
      </button>
    </fieldset>
  );
}

interface Group {
  group: FaultView["group"];
  members: FaultView[];
}

/** In the order of the list. */
function groupsOf(faults: readonly FaultView[]): Group[] {
  const groups = new Map<string, Group>();
  for (const fault of faults) {
    const found = groups.get(fault.group.id);
    if (found === undefined) groups.set(fault.group.id, { group: fault.group, members: [fault] });
    else found.members.push(fault);
  }
  return [...groups.values()];
}

function armedText({ times, gateway = "both" }: NonNullable<FaultView["armed"]>): string {
  const often = times === "always" ? "一直" : times === 1 ? "一次" : `${times} 次`;
  return gateway === "both" ? `（${often}）` : `（${GATEWAYS[gateway]}，${often}）`;
}
