/** Step ②: who it is, and how much. */
import type { Screen } from "@citygas/kiosk-agent";
import { decimalLitres, decimalYuanShort, fill, yuanShort } from "@citygas/texts";
import type { JSX } from "preact";
import { Button } from "../components/button.tsx";
import { ToneIcon } from "../components/icons.tsx";
import { Keypad } from "../components/keypad.tsx";
import { Stage } from "../components/stage.tsx";
import { useKiosk } from "../kiosk.ts";
import { Customer } from "./customer.tsx";
import { refusal } from "./refusal.ts";
import { outcome } from "./words.ts";

type AccountScreen = Extract<Screen, { name: "account" }>;

export function Account({ screen }: { screen: AccountScreen }): JSX.Element {
  const { t, language } = useKiosk();
  return (
    <Stage
      class="account"
      left={{ text: t.frame.back, action: { do: "back" } }}
      right={{ text: t.frame.ok, action: { do: "ok" }, busy: screen.busy }}
      side={<Keypad point={screen.unit === "money"} />}
    >
      <h1 tabIndex={-1}>{t.account.title}</h1>
      {screen.notice && (
        <p class="notice info">
          <ToneIcon tone="info" size={40} />
          <span>{outcome(screen.notice, t, language)}</span>
        </p>
      )}
      <section aria-labelledby="customer-title">
        <h2 id="customer-title" class="unseen">
          {t.account.customer}
        </h2>
        <Customer customer={screen.customer} />
      </section>
      <section aria-labelledby="entry-title" class="entry-section">
        <div class="entry-head">
          <h2 id="entry-title">{t.account.enter}</h2>
          {screen.maximum && <Maximum unit={screen.unit} maximum={screen.maximum} />}
        </div>
        <Entry screen={screen} />
        {/* With both a notice and an error there is no room left; the keypad does the same. */}
        {!(screen.error && screen.notice) && <Quick screen={screen} />}
      </section>
    </Stage>
  );
}

function Maximum({
  unit,
  maximum,
}: {
  unit: AccountScreen["unit"];
  maximum: { value: number; rule: string };
}): JSX.Element {
  const { t, language } = useKiosk();
  const text =
    unit === "money"
      ? fill(t.account.maximumMoney, { value: yuanShort(maximum.value, language) })
      : fill(t.account.maximumVolume, { value: `${decimalLitres(maximum.value)}${t.account.unitVolume}` });
  return <p class="maximum">{text}</p>;
}

function Entry({ screen }: { screen: AccountScreen }): JSX.Element {
  const { t, language } = useKiosk();
  const byMoney = screen.unit === "money";
  const error = screen.error && refusal(screen.error.code, screen.error.value, language, screen.unit);
  return (
    <>
      <div class={error ? "entry wrong" : "entry"}>
        <label for="entry">{byMoney ? t.account.entryMoney : t.account.entryVolume}</label>
        <output id="entry" class={`entry-value figures ${screen.entry.length > 7 ? "long" : ""}`}>
          {screen.entry === "" ? <span class="caret" /> : screen.entry}
        </output>
        <span class="entry-unit">{byMoney ? t.account.unitMoney : t.account.unitVolume}</span>
        <Button action={{ do: "key", key: "clear" }} label={t.account.clear} class="entry-clear">
          <svg width="40" height="40" viewBox="0 0 40 40" aria-hidden="true">
            <path class="line" d="M10 10l20 20M30 10L10 30" />
          </svg>
        </Button>
      </div>
      {error && (
        <p class="notice danger" role="alert">
          <ToneIcon tone="danger" size={40} />
          <span>
            <strong>{error.what}</strong> {error.next}{" "}
            <span class="code">{fill(t.frame.code, { code: error.shortCode })}</span>
          </span>
        </p>
      )}
    </>
  );
}

function Quick({ screen }: { screen: AccountScreen }): JSX.Element | null {
  const { t } = useKiosk();
  if (screen.quick.length === 0) return null;
  const byMoney = screen.unit === "money";
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would draw and announce a form where there is none
    <div class="quick" role="group" aria-label={t.account.quick}>
      {screen.quick.map((value) => (
        <Button key={value} action={{ do: "quick", value }}>
          {byMoney
            ? fill(t.account.quickMoney, { value: decimalYuanShort(value) })
            : fill(t.account.quickVolume, { value: decimalLitres(value) })}
        </Button>
      ))}
    </div>
  );
}
