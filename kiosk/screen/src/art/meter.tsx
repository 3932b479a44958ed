/** Drawing: the card goes into the gas meter at home, chip down, until it beeps. */
import type { JSX } from "preact";

export function MeterArt({ label }: { label: string }): JSX.Element {
  return (
    <svg class="art" viewBox="0 0 420 360" role="img" aria-label={label}>
      <path class="line pipe" d="M118 14v52M262 14v52" />
      <rect class="fill-mist line" x="66" y="62" width="248" height="210" rx="26" />
      <rect class="fill-paper line" x="104" y="94" width="172" height="62" rx="8" />
      <text class="digits" x="190" y="138" text-anchor="middle">
        0047.4
      </text>
      <path class="slot" d="M138 224h104" />
      <path class="fill-paper line" d="M150 226v96a12 12 0 0 0 12 12h56a12 12 0 0 0 12-12v-96" />
      <path class="dashed" d="M174 252h32v26h-32zM190 252v26" />
      <path class="arrow" d="M280 338v-76m-20 24l20-24 20 24" />
      <path class="line" d="M336 116a36 36 0 0 1 0 48M354 98a62 62 0 0 1 0 84" />
    </svg>
  );
}
