/** Step ④: the payment code under the scanner. The code itself never comes to this page. */
import type { Screen } from "@citygas/kiosk-agent";
import { money } from "@citygas/texts";
import type { JSX } from "preact";
import { PhoneArt } from "../art/phone.tsx";
import { Filled } from "../components/filled.tsx";
import { ToneIcon } from "../components/icons.tsx";
import { References } from "../components/message.tsx";
import { Ring } from "../components/ring.tsx";
import { Stage } from "../components/stage.tsx";
import { useKiosk } from "../kiosk.ts";

type PayScreen = Extract<Screen, { name: "pay" }>;

export function Pay({ screen }: { screen: PayScreen }): JSX.Element {
  const { t, limit } = useKiosk();
  return (
    <Stage
      class="pay"
      left={{ text: t.frame.back, action: { do: "back" } }}
      side={
        <section class="payable-panel" aria-label={t.pay.payable}>
          <p class="pay-label">{t.pay.payable}</p>
          <p class="pay-amount figures">{money(screen.payableFen)}</p>
          <Ring size={216} />
          <References number={screen.number} />
          <p class="muted">{t.pay.cancels}</p>
        </section>
      }
    >
      <p class="eyebrow">{t.pay.title}</p>
      <h1 tabIndex={-1}>
        <Filled text={t.pay.within} values={{ seconds: <span class="figures">{limit?.seconds ?? 0}</span> }} />
      </h1>
      <p class="pay-note">{t.pay.note}</p>
      <Trouble screen={screen} />
      <div class="phones">
        <PhoneArt wallet={t.pay.wechat} here={t.pay.here} label={t.pay.wechatArt} />
        <PhoneArt wallet={t.pay.alipay} here={t.pay.here} label={t.pay.alipayArt} />
      </div>
    </Stage>
  );
}

/** What was wrong with the last code, and for a collection code the three taps to the right one. */
function Trouble({ screen }: { screen: PayScreen }): JSX.Element | null {
  const { t } = useKiosk();
  if (screen.refused === null && screen.rejected === null) return null;
  const text =
    screen.rejected !== null ? t.pay.rejected[screen.rejected] : screen.refused ? t.pay.refused[screen.refused] : "";
  const taps = screen.rejected === "collectionCode";
  return (
    <div class="notice danger" role="alert">
      <ToneIcon tone="danger" size={48} />
      <div>
        <strong>{text}</strong>
        {taps && screen.wallet !== "alipay" && <Taps taps={t.pay.tapsWechat} />}
        {taps && screen.wallet !== "wechat" && <Taps taps={t.pay.tapsAlipay} />}
      </div>
    </div>
  );
}

function Taps({ taps }: { taps: readonly string[] }): JSX.Element {
  return (
    <ol class="taps">
      {taps.map((tap) => (
        <li key={tap}>{tap}</li>
      ))}
    </ol>
  );
}
