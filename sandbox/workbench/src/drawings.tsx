/** Small line drawings of the things on the table. All are decoration beside words. */

/** The contact plate of an IC card. */
export function Chip() {
  return (
    <svg class="chip" viewBox="0 0 40 32" aria-hidden="true">
      <rect x="1" y="1" width="38" height="30" rx="6" class="gold" />
      <path d="M1 11h12v10H1M39 11H27v10h12M13 1v30M27 1v30M13 16h14" class="engraved" />
    </svg>
  );
}

/** A blue flame, the mark of the gas company's cards. */
export function Flame() {
  return (
    <svg class="flame" viewBox="0 0 24 32" aria-hidden="true">
      <path d="M12 1c2 6 9 10 9 19a9 9 0 0 1-18 0c0-4 2-6 4-9 0 3 1 4 2 5 2-4 3-8 3-15z" class="outer" />
      <path d="M12 16c1 3 4 4 4 8a4 4 0 0 1-8 0c0-3 3-4 4-8z" class="inner" />
    </svg>
  );
}

/** A reader's mouth with, or without, the edge of a card sticking out. */
export function SlotDrawing({ card }: { card: boolean }) {
  return (
    <svg class="slot-drawing" viewBox="0 0 160 60" aria-hidden="true">
      <rect x="4" y="4" width="152" height="30" rx="8" class="body" />
      <rect x="20" y="20" width="120" height="7" rx="3" class="mouth" />
      <circle cx="146" cy="12" r="3.5" class={card ? "lamp on" : "lamp"} />
      {card && <path d="M26 24h108v28a5 5 0 0 1-5 5H31a5 5 0 0 1-5-5z" class="card-edge" />}
      {!card && <path d="M80 56V40m-7 7 7-7 7 7" class="arrow" />}
    </svg>
  );
}

/** The scanner's window with its line of light. */
export function ScannerDrawing() {
  return (
    <svg class="scanner-drawing" viewBox="0 0 120 60" aria-hidden="true">
      <path d="M10 8h100l-8 30H18z" class="body" />
      <path d="M26 22h68" class="beam" />
      <path d="M34 44 26 56M60 44v12M86 44l8 12" class="arrow" />
    </svg>
  );
}

/**
 * A wall meter on its two pipes, a valve in one of them, and a mouth for the card; the figures lie over it in HTML. One
 * that was taken down stands under two capped pipes.
 */
export function MeterDrawing({ open, down }: { open: boolean; down: boolean }) {
  if (down) {
    return (
      <svg class="meter-drawing down" viewBox="0 0 240 162" aria-hidden="true">
        <path d="M50 0v10M190 0v10" class="pipe" />
        <rect x="40" y="8" width="20" height="8" class="nut" />
        <rect x="180" y="8" width="20" height="8" class="nut" />
        <rect x="2" y="38" width="236" height="122" rx="18" class="body" />
        <rect x="40" y="30" width="20" height="9" class="nut" />
        <rect x="180" y="30" width="20" height="9" class="nut" />
        <rect x="50" y="136" width="140" height="16" rx="6" class="lip" />
      </svg>
    );
  }
  return (
    <svg class="meter-drawing" viewBox="0 0 240 162" aria-hidden="true">
      <path d="M50 0v40M190 0v40" class="pipe" />
      <rect x="40" y="28" width="20" height="12" class="nut" />
      <rect x="180" y="28" width="20" height="12" class="nut" />
      <g transform="translate(190 14)" class={open ? "valve open" : "valve"}>
        <circle r="9" />
        <path d={open ? "M0-13V13" : "M-13 0H13"} />
      </g>
      <rect x="2" y="38" width="236" height="122" rx="18" class="body" />
      <rect x="50" y="136" width="140" height="16" rx="6" class="lip" />
      <rect x="60" y="141" width="120" height="6" rx="3" class="mouth" />
    </svg>
  );
}
