import { useEffect, useRef, useState } from "preact/hooks";
import type { CardView, KioskId } from "./api.ts";
import { takes } from "./drag.ts";
import { ScannerDrawing, SlotDrawing } from "./drawings.tsx";
import type { Bench } from "./use-table.ts";
import { KIOSK_NAMES, Words } from "./words.tsx";

const SCREEN = { width: 1280, height: 1024 } as const;

/** One terminal: its screen, and under it the slot, the scanner and the mouth of the printer. */
export function Cabinet({ kiosk, bench, present }: { kiosk: KioskId; bench: Bench; present: (phone: string) => void }) {
  const card = bench.table.cards.find(({ reader }) => reader === kiosk);
  const name = KIOSK_NAMES[kiosk];
  const insert = (id: string): void => void bench.act(`/cards/${id}/insert`, { reader: kiosk });
  return (
    <section class="cabinet" aria-label={`${name.zh} ${name.en}`}>
      <Screen kiosk={kiosk} title={`${name.zh} ${name.en}`} />
      <div class="deck">
        <p class="cabinet-name">
          <Words {...name} />
        </p>
        <div class="device" {...takes("card", insert)}>
          <SlotDrawing card={card !== undefined} />
          {card === undefined ? (
            <Words zh="插卡口：把卡拖到这里" en="Card slot" />
          ) : (
            <InSlot card={card} bench={bench} key={card.id} />
          )}
        </div>
        <div class="device" {...takes("phone", present)}>
          <ScannerDrawing />
          <ScanText kiosk={kiosk} bench={bench} />
        </div>
      </div>
    </section>
  );
}

/** The screen at its own size, scaled down into the cabinet. */
function Screen({ kiosk, title }: { kiosk: KioskId; title: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const [scale, setScale] = useState(0.4);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const fit = (): void =>
      setScale(Math.min(element.clientWidth / SCREEN.width, element.clientHeight / SCREEN.height));
    const watch = new ResizeObserver(fit);
    watch.observe(element);
    fit();
    return () => watch.disconnect();
  }, []);
  return (
    <div class="screen" ref={frame}>
      <div class="glass" style={{ width: `${SCREEN.width * scale}px`, height: `${SCREEN.height * scale}px` }}>
        <iframe
          src={`/kiosk/?kiosk=${kiosk}`}
          title={title}
          width={SCREEN.width}
          height={SCREEN.height}
          style={{ transform: `scale(${scale})` }}
        />
      </div>
    </div>
  );
}

function InSlot({ card, bench }: { card: CardView; bench: Bench }) {
  const [bytes, setBytes] = useState("5");
  const armed = card.tearAfterBytes !== null;
  const tear = (): void => {
    const afterBytes = armed ? null : Math.max(0, Math.trunc(Number(bytes)) || 0);
    void bench.act(`/cards/${card.id}/tear`, { afterBytes });
  };
  return (
    <div class="in-slot">
      <span class="slot-row">
        <span class="slot-card">{card.label}</span>
        <button type="button" class="main" onClick={() => void bench.act(`/cards/${card.id}/remove`)}>
          <Words zh="拔出" en="Take out" />
        </button>
      </span>
      <span class="slot-row">
        <label>
          写满
          <input
            type="number"
            min="0"
            max="255"
            value={armed ? String(card.tearAfterBytes) : bytes}
            disabled={armed}
            onInput={(event) => setBytes(event.currentTarget.value)}
          />
          字节时
        </label>
        <button type="button" aria-pressed={armed} onClick={tear}>
          <Words zh={armed ? "不撕了" : "撕卡"} en={armed ? "Cancel" : "Tear"} />
        </button>
      </span>
    </div>
  );
}

/** Anything else held under the scanner, typed in. */
function ScanText({ kiosk, bench }: { kiosk: KioskId; bench: Bench }) {
  const [text, setText] = useState("");
  const scan = async (event: Event): Promise<void> => {
    event.preventDefault();
    const sent = await bench.act<{ delivered: boolean }>(`/scanners/${kiosk}/scan`, { text });
    if (!sent.ok) return;
    setText("");
    if (!sent.value.delivered) bench.say({ zh: "扫描枪没有接上", en: "Nobody listens to this scanner", bad: true });
  };
  return (
    <form class="scan" onSubmit={(event) => void scan(event)}>
      <Words zh="扫描枪：把手机拖到这里" en="Scanner" />
      <span class="scan-line">
        <input
          value={text}
          placeholder="或输入任意码"
          aria-label="任意码 Any code"
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" disabled={text === ""}>
          扫
        </button>
      </span>
    </form>
  );
}
