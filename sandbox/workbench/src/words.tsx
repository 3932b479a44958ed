import type { ComponentChildren } from "preact";

/** Chinese with the English small beside or below it. */
export function Words({ zh, en }: { zh: string; en: string }) {
  return (
    <span class="words">
      <span>{zh}</span>
      <span class="en" lang="en">
        {en}
      </span>
    </span>
  );
}

export const KIOSK_NAMES = {
  "kiosk-1": { zh: "一号机", en: "Kiosk 1" },
  "kiosk-2": { zh: "二号机", en: "Kiosk 2" },
} as const;

export function yuan(fen: number): string {
  const sign = fen < 0 ? "-" : "";
  const size = Math.abs(fen);
  return `${sign}￥${Math.floor(size / 100)}.${String(size % 100).padStart(2, "0")}`;
}

/** Litres as 方, up to three decimals. */
export function cubicMetres(litres: number): string {
  const sign = litres < 0 ? "-" : "";
  const size = Math.abs(litres);
  const fraction = String(size % 1000)
    .padStart(3, "0")
    .replace(/0+$/, "");
  return `${sign}${Math.floor(size / 1000)}${fraction === "" ? "" : `.${fraction}`}`;
}

export function amount(value: number, unit: "volume" | "money"): string {
  return unit === "volume" ? `${cubicMetres(value)} 方` : yuan(value);
}

/** A station of the table with its nameplate. */
export function Station(props: {
  name: string;
  zh: string;
  en: string;
  tools?: ComponentChildren;
  children: ComponentChildren;
}) {
  const heading = `station-${props.name}`;
  return (
    <section class={`station ${props.name}`} aria-labelledby={heading}>
      <header>
        <h2 id={heading} class="plate">
          <Words zh={props.zh} en={props.en} />
        </h2>
        {props.tools}
      </header>
      {props.children}
    </section>
  );
}

export function Switch(props: { zh: string; en: string; on: boolean; title?: string; toggle: (on: boolean) => void }) {
  return (
    <button
      type="button"
      role="switch"
      class="switch"
      aria-checked={props.on}
      title={props.title}
      onClick={() => props.toggle(!props.on)}
    >
      <span class="lever" aria-hidden="true" />
      <Words zh={props.zh} en={props.en} />
    </button>
  );
}
