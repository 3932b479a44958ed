import { columnsOf, type PaperLine, plainText, type Run, type TextStyle } from "./paper.ts";

/** Width of one half-width character in font A, dots. */
export const COLUMN_DOTS = 12;

/** The line a print head is at: characters with their places, until something feeds it out. */
export class LineBuilder {
  #runs: Run[] = [];
  #dots = 0;

  get empty(): boolean {
    return this.#runs.length === 0;
  }

  get dots(): number {
    return this.#dots;
  }

  moveTo(dots: number): void {
    this.#dots = Math.max(0, dots);
  }

  /** Puts one character down; `spacingDots` follow it. */
  put(character: string, style: TextStyle, spacingDots: number): void {
    const column = Math.round(this.#dots / COLUMN_DOTS);
    const last = this.#runs.at(-1);
    if (last !== undefined && joins(last, style, column)) last.text += character;
    else this.#runs.push({ column, text: character, ...style });
    this.#dots += widthDots(character, style) + spacingDots * style.width;
  }

  /** Takes the line off the head; the next one starts empty at the left. */
  take(align: Extract<PaperLine, { kind: "text" }>["align"]): PaperLine {
    const runs = this.#runs;
    this.clear();
    return { kind: "text", align, runs, text: plainText(runs) };
  }

  clear(): void {
    this.#runs = [];
    this.#dots = 0;
  }
}

export function widthDots(character: string, style: TextStyle): number {
  return columnsOf(character) * style.width * COLUMN_DOTS;
}

function joins(run: Run, style: TextStyle, column: number): boolean {
  return (
    run.bold === style.bold &&
    run.underline === style.underline &&
    run.invert === style.invert &&
    run.width === style.width &&
    run.height === style.height &&
    run.column + columnsOf(run.text) * run.width === column
  );
}
