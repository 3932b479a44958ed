/** Drawing: a phone with its payment code under the scanner. */
import type { JSX } from "preact";

/** A made-up code: bars of a drawing, not to be scanned. */
const bars = [3, 1, 2, 1, 1, 3, 2, 1, 4, 1, 1, 2, 3, 1, 2, 2, 1, 1, 3, 1, 2, 4, 1, 1, 2, 1, 3, 1];
const dots = ["1110111", "1010101", "1110011", "0101100", "1110101", "1010010", "1110111"];

export function PhoneArt({ wallet, here, label }: { wallet: string; here: string; label: string }): JSX.Element {
  let at = 0;
  return (
    <svg class="art phone" viewBox="0 0 340 430" role="img" aria-label={label}>
      {/* the scanner above and its light */}
      <path class="fill-deep" d="M98 6h144a10 10 0 0 1 10 10v26l-18 20H106L88 42V16A10 10 0 0 1 98 6z" />
      <path class="beam" d="M112 62h116l58 120H54z" />
      {/* the phone */}
      <rect class="fill-paper line" x="52" y="112" width="236" height="316" rx="26" />
      <path class="line thin" d="M144 128h52" />
      <text class="wallet" x="170" y="170" text-anchor="middle">
        {wallet}
      </text>
      <g class="fill-ink">
        {bars.map((width, index) => {
          const x = 80 + at;
          at += width * 2 + 2.9;
          return <rect key={index} x={x} y={188} width={width * 2} height={56} />;
        })}
      </g>
      <g class="fill-ink">
        {dots.flatMap((row, y) =>
          [...row].map((dot, x) =>
            dot === "1" ? <rect key={`${x}-${y}`} x={121 + x * 14} y={262 + y * 14} width={14} height={14} /> : null,
          ),
        )}
      </g>
      <rect class="fill-flame" x="20" y="368" width="300" height="46" rx="10" />
      <path class="fill-flame" d="M158 370l12-14 12 14z" />
      <text class="on-flame" x="170" y="400" text-anchor="middle">
        {here}
      </text>
    </svg>
  );
}
