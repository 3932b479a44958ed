/** Drawing: the card goes into the slot with its chip facing down (or comes out of it). */
import type { JSX } from "preact";

export function InsertCardArt({
  label,
  chip,
  out = false,
}: {
  label: string;
  /** Words at the chip; none when the card comes out. */
  chip?: string;
  out?: boolean;
}): JSX.Element {
  return (
    <svg class="art" viewBox="-80 0 720 420" role="img" aria-label={label}>
      {/* the front of the terminal with its slot */}
      <rect class="fill-mist line" x="70" y="10" width="420" height="190" rx="22" />
      <rect class="fill-paper line" x="140" y="96" width="280" height="76" rx="16" />
      <circle class="fill-flame" cx="280" cy="54" r="10" />
      {/* the card comes towards us: its upper side is seen, the chip is on the side below */}
      <path class="fill-paper line" d="M182 136h196l42 236a16 16 0 0 1-16 20H156a16 16 0 0 1-16-20z" />
      <path class="line thin" d="M144 380h272" />
      <path class="slot" d="M172 134h216" />
      <path
        class="flame-outer"
        d="M284 266c6 18-8 25-17 36-8 10-14 19-14 30 0 15 12 24 28 24s28-11 28-26c0-13-7-21-12-28-2 7-5 10-8 11 3-18 1-35-5-47z"
      />
      {!out && (
        <g>
          <path class="dashed" d="M252 172h56l6 52h-68zM280 172v52M249 198h62" />
          {chip !== undefined && (
            <g>
              <path class="line thin" d="M246 206H96" />
              <circle class="fill-ink" cx="246" cy="206" r="6" />
              <rect class="fill-flame" x="-72" y="178" width="168" height="56" rx="10" />
              <text class="on-flame" x="12" y="216" text-anchor="middle">
                {chip}
              </text>
            </g>
          )}
        </g>
      )}
      <path class="arrow" d={out ? "M490 236v136m-36-36l36 36 36-36" : "M490 372V236m-36 36l36-36 36 36"} />
    </svg>
  );
}
