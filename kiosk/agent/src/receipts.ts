/** A receipt of the centre as bytes for the printer. */
import type { ReceiptData } from "@citygas/api";
import { renderReceipt } from "@citygas/receipt";
import { receiptTexts } from "@citygas/texts";

/** 58 mm paper, the width of nearly every built-in kiosk printer. */
const charsPerLine = 32;

export function receiptBytes(data: ReceiptData): Uint8Array {
  return renderReceipt(data, { charsPerLine, texts: receiptTexts["zh-CN"] }).escpos;
}
