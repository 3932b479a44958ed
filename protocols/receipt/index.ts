/** A receipt of a gas purchase as ESC/POS bytes, as SVG and as plain text, from one layout. */

export type { ReceiptInput, ReceiptTexts } from "./src/input.ts";
export { type ReceiptOptions, type RenderedReceipt, renderReceipt } from "./src/render.ts";
