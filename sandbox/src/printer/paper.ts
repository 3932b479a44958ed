/** What stands on receipt paper, line by line. */
export type Align = "left" | "centre" | "right";

export interface TextStyle {
  bold: boolean;
  underline: boolean;
  invert: boolean;
  /** 1–8 times. */
  width: number;
  height: number;
}

/** Characters of one style, side by side. */
export interface Run extends TextStyle {
  /** Where it starts: half-width characters (12 dots) from the left edge of the print area. */
  column: number;
  text: string;
}

export type PaperLine =
  | { kind: "text"; align: Align; runs: Run[]; text: string }
  | { kind: "qr"; align: Align; payload: string; moduleDots: number }
  | { kind: "barcode"; align: Align; symbology: number; payload: string }
  /** One bit per dot, rows padded to whole bytes, 1 = black. */
  | { kind: "image"; align: Align; widthDots: number; heightDots: number; bitsBase64: string };

export interface Receipt {
  /** Counts the receipts of this printer from 1. */
  number: number;
  /** When it was cut off, RFC 3339. */
  tornAt: string;
  lines: PaperLine[];
  /** The lines as plain text; a QR code as `[QR …]`. */
  text: string;
}

export type PaperState = "full" | "low" | "out";

/** Columns a text takes: GBK characters are two wide. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += (character.codePointAt(0) ?? 0) > 0xff && !isNarrow(character) ? 2 : 1;
  return columns;
}

/** Line-drawing and half-width characters of the one-byte code pages. */
function isNarrow(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return (code >= 0x2500 && code <= 0x25ff) || (code >= 0xff61 && code <= 0xff9f);
}

/** Runs joined with the blanks that lie between them, without blanks at the end. */
export function plainText(runs: readonly Run[]): string {
  let text = "";
  let column = 0;
  for (const run of [...runs].sort((a, b) => a.column - b.column)) {
    text += " ".repeat(Math.max(0, run.column - column)) + run.text;
    column = Math.max(column, run.column) + columnsOf(run.text) * run.width;
  }
  return text.trimEnd();
}

function lineText(line: PaperLine): string {
  switch (line.kind) {
    case "text":
      return line.text;
    case "qr":
      return `[QR ${line.payload}]`;
    case "barcode":
      return `[BARCODE ${line.payload}]`;
    case "image":
      return `[IMAGE ${line.widthDots}x${line.heightDots}]`;
  }
}

export function receiptText(lines: readonly PaperLine[]): string {
  return lines.map(lineText).join("\n");
}
