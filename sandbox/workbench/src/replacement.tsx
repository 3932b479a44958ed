import type { MeterView } from "./api.ts";
import type { Bench } from "./use-table.ts";
import { Words } from "./words.tsx";

/**
 * 换表 at the workbench: the fitter's part, and what the office needs of him. Two people decide it there, and its desk
 * writes the new card (the card tray); the newcomer reads here what comes next.
 */
interface Replacing {
  meter: MeterView;
  bench: Bench;
  choose(id: string): void;
}

/** The fitter takes this one down and mounts the next. */
export function ReplaceButton({ meter, bench, choose }: Replacing) {
  const replace = async (): Promise<void> => {
    const sent = await bench.act(`/meters/${meter.id}/replacement`);
    if (sent.ok) choose(meter.id);
  };
  return (
    <button
      type="button"
      class="small"
      title="拆下这只表，换上一只新表 Take this meter down"
      onClick={() => void replace()}
    >
      换新表
    </button>
  );
}

/** The form of the office's `POST /api/v1/meters/{id}/replacement`, as far as the wall tells it. */
function formOf(meter: MeterView) {
  const { count, totalCredited, remaining, registerL, replacedBy } = meter;
  return {
    serial: replacedBy,
    model: "工作台新表",
    newIndexL: 0,
    word: { acceptedCount: count, totalCredited, remaining, indexL: registerL },
  };
}

/** Beside a meter off the wall: what is to be done, in order, and the way back. */
export function TakenDown({ meter, bench, choose }: Replacing) {
  const next = bench.table.meters.find(({ id }) => id === meter.replacedBy);
  const undoable = next?.boundTo === null && next.replacedBy === null;
  const copy = async (): Promise<void> => {
    const done = await copied(JSON.stringify(formOf(meter), null, 2));
    bench.say(
      done
        ? { zh: "已复制，交给营业厅两人办理", en: "Copied: two people at the office go on with it", bad: false }
        : { zh: "浏览器不让复制，请从接口读取", en: "The browser forbids it: read it from the API", bad: true },
    );
  };
  return (
    <div class="replacing">
      <p class="tag-down">
        <Words zh="已拆下" en="Off the wall" />
      </p>
      <ol class="steps">
        <li>
          <button type="button" class="small" onClick={() => void copy()}>
            <Words zh="复制旧表读数" en="Copy its last word" />
          </button>
        </li>
        <li>
          <Words zh="营业厅两人办理“换表”" en="Two people decide at the office" />
        </li>
        <li>
          <Words zh="卡盘里点旧卡，“补写新卡”" en="Old card in the tray: write a new one" />
        </li>
        <li>
          <Words zh="新卡先插新表" en="The new card into the new meter" />
        </li>
      </ol>
      <p class="burns">
        <button type="button" class="small main" onClick={() => meter.replacedBy !== null && choose(meter.replacedBy)}>
          看新表
        </button>
        <button
          type="button"
          class="small"
          disabled={!undoable}
          title={undoable ? "把旧表挂回墙上 Hang it back" : "新表已插过卡 The new one has had a card"}
          onClick={() => void bench.put("DELETE", `/meters/${meter.id}/replacement`)}
        >
          撤销换表
        </button>
      </p>
    </div>
  );
}

/** On a new meter: the way to the one before it. */
export function Successor({ meter, bench, choose }: Replacing) {
  const old = bench.table.meters.find(({ replacedBy }) => replacedBy === meter.id);
  if (old === undefined) return null;
  return (
    <button type="button" class="small" onClick={() => choose(old.id)}>
      看拆下的旧表
    </button>
  );
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
