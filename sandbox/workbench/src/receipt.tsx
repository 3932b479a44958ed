import { useEffect, useRef } from "preact/hooks";
import { type KioskId, type PrinterView, qrUrl } from "./api.ts";
import type { Bench } from "./use-table.ts";
import { KIOSK_NAMES, Station } from "./words.tsx";

type Line = PrinterView["hanging"][number];
type TextLine = Extract<Line, { kind: "text" }>;
type Run = TextLine["runs"][number];

const PAPER = { full: "纸足", low: "纸将尽", out: "缺纸" } as const;

/** The paper that came out of the printers: what hangs, then the last receipts, newest on top. */
export function Receipts({ bench, kiosks }: { bench: Bench; kiosks: readonly KioskId[] }) {
  const printers = bench.table.printers.filter(({ kiosk }) => kiosks.includes(kiosk));
  const [only] = printers;
  const tools = printers.length === 1 && only !== undefined && <PaperSwitch bench={bench} printer={only} />;
  return (
    <Station name="receipts" zh="收据" en="Paper" tools={tools}>
      {printers.map((printer) => (
        <div class="roll" key={printer.kiosk}>
          {printers.length > 1 && (
            <div class="roll-head">
              <b>{KIOSK_NAMES[printer.kiosk].zh}</b>
              <PaperSwitch bench={bench} printer={printer} />
            </div>
          )}
          <section
            class="papers"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keyboard
            tabIndex={0}
            aria-label={`${KIOSK_NAMES[printer.kiosk].zh}打印的收据 Printed receipts`}
          >
            {printer.hanging.length > 0 && <Paper lines={printer.hanging} hanging />}
            {[...printer.receipts].reverse().map((receipt) => (
              <Paper key={receipt.number} lines={receipt.lines} hanging={false} />
            ))}
            {printer.hanging.length === 0 && printer.receipts.length === 0 && <p class="empty">还没有打印</p>}
          </section>
        </div>
      ))}
    </Station>
  );
}

/** Fills the roll, lets it run low, or takes it out. */
function PaperSwitch({ bench, printer }: { bench: Bench; printer: PrinterView }) {
  return (
    <fieldset class="paper-state" aria-label="打印纸 Paper">
      {(["full", "low", "out"] as const).map((state) => (
        <button
          key={state}
          type="button"
          class="small"
          aria-pressed={printer.paper === state}
          onClick={() => void bench.act(`/printer/${printer.kiosk}/paper`, { state })}
        >
          {PAPER[state]}
        </button>
      ))}
      {printer.jammed && <b class="jammed">卡纸 Jammed</b>}
    </fieldset>
  );
}

function widthOf({ column, text, width }: Run): number {
  return column + [...text].reduce((sum, one) => sum + cells(one), 0) * width;
}

/** Half-width cells of a character in the printer's font. */
function cells(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xff && !isRule(code) ? 2 : 1;
}

/** Line drawing: half-width on the printer, full-width in a screen's Chinese font. */
function isRule(code: number): boolean {
  return code >= 0x2500 && code <= 0x25ff;
}

function columnsOf(lines: readonly Line[]): number {
  const widths = lines.flatMap((line) => (line.kind === "text" ? line.runs.map(widthOf) : []));
  return Math.max(32, ...widths);
}

function Paper({ lines, hanging }: { lines: readonly Line[]; hanging: boolean }) {
  const columns = columnsOf(lines);
  return (
    <div class={hanging ? "paper hanging" : "paper"} style={{ "--columns": columns }}>
      {lines.map((line, index) => (
        // Lines never move on paper: their place is their name.
        <PaperLine key={index} line={line} />
      ))}
    </div>
  );
}

function PaperLine({ line }: { line: Line }) {
  switch (line.kind) {
    case "text":
      return <Text line={line} />;
    case "qr":
      return (
        <p class={`symbol ${line.align}`}>
          <img src={qrUrl(line.payload)} alt={`二维码 ${line.payload}`} />
        </p>
      );
    case "barcode":
      return <p class={`symbol ${line.align}`}>[{line.payload}]</p>;
    case "image":
      return (
        <p class={`symbol ${line.align}`}>
          <Raster width={line.widthDots} height={line.heightDots} bitsBase64={line.bitsBase64} />
        </p>
      );
  }
}

function Text({ line }: { line: TextLine }) {
  const height = Math.max(1, ...line.runs.map((run) => run.height));
  const width = Math.max(0, ...line.runs.map(widthOf));
  return (
    <p class={`line ${line.align}`} style={{ "--height": height }}>
      <span class="sr-only">{line.text}</span>
      <span class="runs" style={{ "--width": width }} aria-hidden="true">
        {line.runs.map((run) => (
          <RunText key={run.column} run={run} />
        ))}
      </span>
    </p>
  );
}

function RunText({ run }: { run: Run }) {
  let column = run.column;
  const names = [run.bold ? "bold" : "", run.underline ? "underline" : "", run.invert ? "invert" : ""].join(" ");
  return (
    <span class={names}>
      {[...run.text].map((character) => {
        const at = column;
        column += cells(character) * run.width;
        const style = { "--at": at, "--w": run.width, "--h": run.height, "--cells": cells(character) };
        return (
          <span key={at} class={isRule(character.codePointAt(0) ?? 0) ? "cell rule" : "cell"} style={style}>
            {character}
          </span>
        );
      })}
    </span>
  );
}

function Raster({ width, height, bitsBase64 }: { width: number; height: number; bitsBase64: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context === null || context === undefined) return;
    const bits = Uint8Array.from(atob(bitsBase64), (one) => one.charCodeAt(0));
    const rowBytes = Math.ceil(width / 8);
    context.clearRect(0, 0, width, height);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        if (((bits[y * rowBytes + (x >> 3)] ?? 0) & (0x80 >> (x & 7))) !== 0) context.fillRect(x, y, 1, 1);
      }
    }
  }, [width, height, bitsBase64]);
  return (
    <canvas
      ref={canvas}
      width={width}
      height={height}
      role="img"
      aria-label="图形 Picture"
      style={{ "--dots": width }}
    />
  );
}
