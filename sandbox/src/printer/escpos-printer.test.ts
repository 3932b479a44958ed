import fc from "fast-check";
import iconv from "iconv-lite";
import { beforeEach, describe, expect, test } from "vitest";
import { EscPosPrinter } from "./escpos-printer.ts";
import type { PaperLine } from "./paper.ts";
import { receiptText } from "./paper.ts";

let lines: PaperLine[];
let answers: number[];
let cuts: number[];
let notes: string[];
let ranOut: number;
let printer: EscPosPrinter;

beforeEach(() => {
  lines = [];
  answers = [];
  cuts = [];
  notes = [];
  ranOut = 0;
  printer = fresh();
});

function fresh(): EscPosPrinter {
  return new EscPosPrinter(
    {
      answer: (bytes) => answers.push(...bytes),
      line: (line) => lines.push(line),
      cut: () => cuts.push(lines.length),
      ranOut: () => {
        ranOut += 1;
      },
      note: (text) => notes.push(text),
    },
    "full",
  );
}

const gb = (text: string): Buffer => iconv.encode(text, "gb18030");
const bytes = (...parts: (string | number | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === "number" ? Buffer.of(part) : typeof part === "string" ? Buffer.from(part, "latin1") : part,
    ),
  );
const text = (): string[] => lines.map((line) => receiptText([line]));

describe("text", () => {
  test("Chinese two-byte characters between ASCII, aligned and enlarged", () => {
    printer.receive(
      bytes("\x1b@\x1ba\x01\x1d!\x11", gb("洪通燃气"), "\n\x1d!\x00\x1ba\x00", gb("应付款：￥1199.70"), "\n"),
    );
    expect(lines[0]).toMatchObject({
      kind: "text",
      align: "centre",
      runs: [{ text: "洪通燃气", width: 2, height: 2 }],
    });
    expect(lines[1]).toMatchObject({ align: "left", text: "应付款：￥1199.70", runs: [{ width: 1, column: 0 }] });
  });

  test("ESC ! and the Chinese modes set the same style", () => {
    printer.receive(bytes("\x1b!\xb8A\n\x1b!\x00\x1c!\x0cA\n\x1c!\x00\x1cW\x01A\n"));
    expect(lines.map((line) => (line.kind === "text" ? line.runs[0] : null))).toMatchObject([
      { bold: true, underline: true, width: 2, height: 2 },
      { bold: false, width: 2, height: 2 },
      { width: 2, height: 2 },
    ]);
  });

  test("a four-byte character is not in the font: its bytes come out as blanks and digits", () => {
    printer.receive(bytes(gb("¥120"), "\n"));
    expect(text()).toEqual([" 0 6120"]);
  });

  test("absolute and relative positions make columns, whatever the order of printing", () => {
    printer.receive(bytes("\x1b$\xf0\x00R\x1b$\x00\x00", gb("气费"), "\x1b\\\x18\x00x\n"));
    expect(text()).toEqual(["气费  x             R"]);
  });

  test("rules drawn with the line characters of page 1", () => {
    printer.receive(bytes("\x1c.\x1bt\x01\x9c\x95\x91\x9d\x1bt\x00\x1c&", gb("气"), "\n"));
    expect(text()).toEqual(["╭─┬╮气"]);
  });

  test("a line longer than the print area goes on in the next", () => {
    printer.receive(bytes("\x1dW\x78\x00", "12345678901\n"));
    expect(text()).toEqual(["1234567890", "1"]);
  });

  test("unknown commands are noted and skipped", () => {
    printer.receive(bytes("\x1bZab\n"));
    expect(notes).toEqual(["unknown command ESC Z"]);
    expect(text()).toEqual(["ab"]);
  });

  test("however the bytes are cut into packets, the paper is the same", () => {
    const job = bytes(
      "\x1b@\x1d!\x11",
      gb("收据"),
      "\n\x1d(k\x04\x00\x311A\x32",
      qr("https://x.cn/a"),
      "\x10\x04\x01",
      "z\n\x1dVB\x00\x1dr1",
    );
    printer.receive(job);
    const whole = JSON.stringify(lines);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: job.length }), { maxLength: 12 }), (cutsAt) => {
        lines = [];
        answers = [];
        const other = fresh();
        const edges = [0, ...cutsAt.sort((a, b) => a - b), job.length];
        for (const [index, edge] of edges.entries()) other.receive(job.subarray(edges[index - 1] ?? 0, edge));
        expect(JSON.stringify(lines)).toBe(whole);
        expect(answers).toEqual([0x12, 0]);
      }),
    );
  });
});

function qr(payload: string): Buffer {
  const data = Buffer.from(payload);
  return bytes("\x1d(k\x03\x001C\x06", "\x1d(k", data.length + 3, 0, "1P0", data, "\x1d(k\x03\x001Q0");
}

describe("symbols", () => {
  test("a QR code with its payload and module size", () => {
    printer.receive(bytes("\x1ba1", qr("https://a.cn/绑定")));
    expect(lines).toEqual([{ kind: "qr", align: "centre", payload: "https://a.cn/绑定", moduleDots: 6 }]);
  });

  test("raster images of both commands", () => {
    printer.receive(bytes("\x1d8L\x0c\x00\x00\x00", "0p0\x01\x011", 8, 0, 2, 0, 0xaa, 0x55, "\x1d(L\x02\x0002"));
    printer.receive(bytes("\x1dv0\x00\x01\x00\x01\x00\xf0"));
    expect(lines).toMatchObject([
      { kind: "image", widthDots: 8, heightDots: 2, bitsBase64: Buffer.of(0xaa, 0x55).toString("base64") },
      { kind: "image", widthDots: 8, heightDots: 1 },
    ]);
  });

  test("a barcode", () => {
    printer.receive(bytes("\x1dkI\x05{B123", "\x1dk\x04ABC\x00"));
    expect(text()).toEqual(["[BARCODE {B123]", "[BARCODE ABC]"]);
  });
});

describe("paper", () => {
  test("status by DLE EOT follows the paper", () => {
    const ask = (): number[] => {
      answers = [];
      printer.receive(bytes("\x10\x04\x01\x10\x04\x02\x10\x04\x04"));
      return answers;
    };
    expect(ask()).toEqual([0x12, 0x12, 0x12]);
    printer.setPaper("low");
    expect(ask()).toEqual([0x12, 0x12, 0x1e]);
    printer.setPaper("out");
    expect(ask()).toEqual([0x1a, 0x32, 0x7e]);
  });

  test("GS r answers in the order of the data, near end as 03", () => {
    printer.setPaper("low");
    printer.receive(bytes("a\n\x1dr1"));
    expect(answers).toEqual([0x03]);
    expect(text()).toEqual(["a"]);
  });

  test("out of paper in the middle: holds the rest, answers only real-time status, prints on with new paper", () => {
    printer.setPaper("low", 2);
    printer.receive(bytes("a\nb\nc\nd\n\x1dVA\x00\x1dr1\x10\x04\x02"));
    expect(text()).toEqual(["a", "b"]);
    expect(ranOut).toBe(1);
    expect(answers).toEqual([0x32]);
    printer.receive(bytes("\x10"));
    printer.receive(bytes("\x04\x04"));
    expect(answers).toEqual([0x32, 0x7e]);
    expect(cuts).toEqual([]);
    printer.setPaper("full");
    expect(text()).toEqual(["a", "b", "c", "d"]);
    expect(cuts).toEqual([4]);
    expect(answers).toEqual([0x32, 0x7e, 0x00]);
  });

  test("jammed in the middle: stands still, says why, and once opened prints the next job from its beginning", () => {
    printer.receive(bytes("\x1b@a\n"));
    printer.jam();
    printer.receive(bytes("b\n\x1dr1\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"));
    expect(text()).toEqual(["a"]);
    expect(answers).toEqual([0x1a, 0x52, 0x16, 0x12]);
    printer.setPaper("full");
    expect(printer.jammed).toBe(false);
    expect(cuts).toEqual([1]);
    printer.receive(bytes("c\n\x1dr1"));
    expect(text()).toEqual(["a", "c"]);
    expect(answers.at(-1)).toBe(0x00);
  });

  test("power off loses what waits for paper", () => {
    printer.setPaper("out");
    printer.receive(bytes("a\n"));
    printer.reset();
    printer.setPaper("full");
    expect(lines).toEqual([]);
  });

  test("holds no more than its buffer", () => {
    printer.setPaper("out");
    for (let packet = 0; packet < 300; packet += 1) printer.receive(new Uint8Array(1024).fill(0x0a));
    expect(notes).toContain("buffer full");
    printer.setPaper("full");
    expect(lines.length).toBe(256 * 1024);
  });
});
