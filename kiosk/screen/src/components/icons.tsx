/** Signs beside words: each state has its own shape, so none lives by colour alone. */
import type { JSX } from "preact";

export type Tone = "ok" | "info" | "warn" | "danger" | "wait";

const stroke = {
  fill: "none",
  stroke: "currentColor",
  "stroke-width": 5,
  "stroke-linecap": "round",
  "stroke-linejoin": "round",
} as const;

export function ToneIcon({ tone, size = 96 }: { tone: Tone; size?: number }): JSX.Element {
  return (
    <svg class={`tone-icon ${tone}`} width={size} height={size} viewBox="0 0 96 96" aria-hidden="true">
      {shapes[tone]}
    </svg>
  );
}

const shapes: Record<Tone, JSX.Element> = {
  ok: (
    <g {...stroke}>
      <circle cx="48" cy="48" r="40" />
      <path d="M30 49l13 13 24-27" />
    </g>
  ),
  info: (
    <g {...stroke}>
      <circle cx="48" cy="48" r="40" />
      <path d="M48 44v24M48 28v2" />
    </g>
  ),
  warn: (
    <g {...stroke}>
      <path d="M48 10L90 84H6z" />
      <path d="M48 38v20M48 70v1" />
    </g>
  ),
  danger: (
    <g {...stroke}>
      <path d="M31 8h34l23 23v34L65 88H31L8 65V31z" />
      <path d="M34 34l28 28M62 34L34 62" />
    </g>
  ),
  wait: (
    <g {...stroke}>
      <circle cx="48" cy="48" r="40" class="faint" />
      <path class="spin" d="M48 8a40 40 0 0 1 40 40" />
    </g>
  ),
};

/** A card in its slot. */
export function CardGlyph({ size = 72 }: { size?: number }): JSX.Element {
  return (
    <svg width={size} height={size} viewBox="0 0 72 72" aria-hidden="true">
      <g {...stroke} stroke-width="4">
        <path d="M8 22h56" stroke-width="7" />
        <path d="M16 22v38a5 5 0 0 0 5 5h30a5 5 0 0 0 5-5V22" />
        <rect x="28" y="42" width="16" height="13" rx="2" />
        <path d="M36 42v13" />
      </g>
    </svg>
  );
}

/** The company's mark: a blue flame. */
export function Flame({ size = 64 }: { size?: number }): JSX.Element {
  return (
    <svg width={size} height={size} viewBox="0 0 64 64" aria-hidden="true">
      <path
        class="flame-outer"
        d="M34 4c3 11-5 15-10 22-5 6-9 12-9 19 0 9 7 15 17 15s17-7 17-16c0-8-4-13-7-17-1 4-3 6-5 7 2-11 1-22-3-30z"
      />
      <path class="flame-inner" d="M32 34c1 6-7 9-7 16 0 5 3 8 7 8s7-3 7-8c0-6-4-9-7-16z" />
    </svg>
  );
}
