import { useState } from "preact/hooks";
import type { KioskId } from "./api.ts";
import { Cabinet } from "./cabinet.tsx";
import { Faults } from "./foot.tsx";
import { Meter, useMeter } from "./meter.tsx";
import { Phone, usePhone } from "./phone.tsx";
import { Receipts } from "./receipt.tsx";
import { Story } from "./story.tsx";
import { Tray } from "./tray.tsx";
import { useTable } from "./use-table.ts";
import { Words } from "./words.tsx";

type View = KioskId | "both";
const VIEWS: readonly { view: View; zh: string; en: string }[] = [
  { view: "kiosk-1", zh: "一号机", en: "Kiosk 1" },
  { view: "kiosk-2", zh: "二号机", en: "Kiosk 2" },
  { view: "both", zh: "两台", en: "Both" },
];

function viewOfAddress(): View {
  const wanted = new URLSearchParams(location.search).get("kiosk");
  return VIEWS.find(({ view }) => view === wanted)?.view ?? "kiosk-1";
}

/** The whole table. */
export function App() {
  const bench = useTable();
  const [view, setView] = useState<View>(viewOfAddress);
  const hand = usePhone(bench);
  const meter = useMeter(bench);
  const kiosks: readonly KioskId[] = view === "both" ? ["kiosk-1", "kiosk-2"] : [view];
  const look = (wanted: View): void => {
    setView(wanted);
    history.replaceState(null, "", `?kiosk=${wanted}`);
  };
  return (
    <div class="table">
      <header class="top">
        <h1>
          <Words zh="工作台" en="Workbench" />
        </h1>
        <nav class="views" aria-label="看哪台机 Which kiosk">
          {VIEWS.map(({ view: one, zh, en }) => (
            <button key={one} type="button" aria-pressed={one === view} onClick={() => look(one)}>
              <Words zh={zh} en={en} />
            </button>
          ))}
        </nav>
        <p class={bench.online ? "state" : "state lost"} role="status">
          {bench.online ? <Words zh="已连接" en="Connected" /> : <Words zh="沙箱没有连上" en="Sandbox not reached" />}
        </p>
        <a href="/sandbox/api/openapi.json">
          <Words zh="接口说明" en="API" />
        </a>
      </header>
      <main class={`board view-${view}`}>
        <Tray bench={bench} kiosks={kiosks} toMeter={meter.insert} />
        <div class="cabinets">
          {kiosks.map((kiosk) => (
            <Cabinet key={kiosk} kiosk={kiosk} bench={bench} present={(phone) => hand.present(kiosk, phone)} />
          ))}
        </div>
        <Phone bench={bench} hand={hand} kiosks={kiosks} />
        <div class="side">
          <Receipts bench={bench} kiosks={kiosks} />
          <Meter bench={bench} hand={meter} />
        </div>
      </main>
      <footer class="foot">
        <Story lines={bench.table.lines} />
        <Faults bench={bench} />
      </footer>
      <div class="notices" role="alert">
        {bench.notice !== null && (
          <p class={bench.notice.bad ? "notice bad" : "notice"}>
            <Words zh={bench.notice.zh} en={bench.notice.en} />
          </p>
        )}
      </div>
    </div>
  );
}
