import { transform } from "receiptline";
import type { ReceiptInput, ReceiptTexts } from "./input.ts";
import { receiptMarkup } from "./layout.ts";

export interface ReceiptOptions {
  /** 32 for 58 mm paper, 48 for 80 mm. */
  charsPerLine: 32 | 48;
  texts: ReceiptTexts;
}

export interface RenderedReceipt {
  /**
   * For the printer: GB18030 with `FS &`, QR as raster (`GS v 0`), cut (`GS V 66 0`), and at the very end `GS r 1`,
   * whose answer comes only after the paper has moved: "printed" means that answer.
   */
  escpos: Uint8Array;
  /** The same paper as a picture. */
  svg: string;
  /** The same paper as lines of `charsPerLine` columns (a Chinese character takes two); the QR code is left out. */
  text: string;
}

/**
 * Lays out a receipt. No data string can leave its line or reach the printer as a command: see `printable`.
 *
 * @throws TypeError when `bindUrl` is no URL, RangeError when an amount is no integer: both are broken invariants.
 */
export function renderReceipt(data: ReceiptInput, options: ReceiptOptions): RenderedReceipt {
  const markup = receiptMarkup(data, options.texts, options.charsPerLine);
  const printer = { cpl: options.charsPerLine, encoding: "gb18030", cutting: true } as const;
  return {
    escpos: Uint8Array.from(Buffer.from(transform(markup, { ...printer, command: "generic" }), "latin1")),
    svg: withFixedIds(transform(markup, { ...printer, command: "svg" })),
    text: transform(markup, { ...printer, command: "text" }),
  };
}

/** The library gives its filter a random id at each call; the same receipt must be the same picture. */
function withFixedIds(svg: string): string {
  return svg.replace(/receipt-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "receipt-invert");
}
