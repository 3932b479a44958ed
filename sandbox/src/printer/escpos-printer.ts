import { decodeByte, decodeDouble, decodePayload } from "./code-pages.ts";
import { COLUMN_DOTS, LineBuilder, widthDots } from "./line-builder.ts";
import type { Align, PaperLine, PaperState, TextStyle } from "./paper.ts";
import { PLAIN, styled } from "./text-style.ts";
import { nextToken, type Token } from "./tokens.ts";

/**
 * A receipt printer with a Chinese font that interprets ESC/POS and puts lines on paper.
 *
 * Its font has the one- and two-byte characters of GBK, as the cheap printers of this field: a four-byte GB18030
 * character comes out as blanks and digits. Without paper it keeps what it has and prints on when new paper is in; with
 * jammed paper it stands still until somebody opens it, and what it had not printed is lost. Real-time status
 * (`DLE EOT`) it answers even then.
 */
export interface PrinterOutput {
  answer(bytes: Uint8Array): void;
  /** A line is on the paper. */
  line(line: PaperLine): void;
  /** The knife went through. */
  cut(): void;
  /** The last line it had paper for is printed. */
  ranOut(): void;
  /** Something a person at the printer would not see: unknown commands, a full buffer. */
  note(text: string): void;
}

/** Bytes it can hold; what comes above it is lost, as with printers whose busy line nobody watches. */
export const BUFFER_BYTES_MAX = 256 * 1024;
const PAPER_DOTS = 576;
const ALIGNS: readonly Align[] = ["left", "centre", "right"];
const TAB_COLUMNS = 8;

interface Symbol2d {
  moduleDots: number;
  stored: Uint8Array;
}

interface Raster {
  widthDots: number;
  heightDots: number;
  bits: Uint8Array;
}

export class EscPosPrinter {
  readonly #output: PrinterOutput;
  #paper: PaperState = "full";
  /** Lines until the paper ends; null = no end in sight. */
  #linesLeft: number | null = null;
  #jammed = false;
  #buffer: Uint8Array = new Uint8Array();
  readonly #head = new LineBuilder();
  #style: TextStyle = PLAIN;
  #align: Align = "left";
  #page = 0;
  #chinese = true;
  #lead: number | null = null;
  #areaDots = PAPER_DOTS;
  #spacingDots = 0;
  #qr: Symbol2d = { moduleDots: 3, stored: new Uint8Array() };
  #raster: Raster | null = null;

  constructor(output: PrinterOutput, paper: PaperState) {
    this.#output = output;
    this.#paper = paper;
  }

  get paper(): PaperState {
    return this.#paper;
  }

  get jammed(): boolean {
    return this.#jammed;
  }

  /** The paper sticks: nothing more comes out. */
  jam(): void {
    this.#jammed = true;
    this.#output.note("paper jam");
  }

  /**
   * Puts paper in or takes it out. `linesLeft` lets a roll that is low run out after that many lines. Whoever changes
   * the paper pulls out what was stuck.
   */
  setPaper(paper: PaperState, linesLeft: number | null = null): void {
    if (this.#jammed) {
      this.#jammed = false;
      this.reset();
      this.#output.cut();
    }
    this.#paper = paper;
    this.#linesLeft = paper === "out" ? null : linesLeft;
    this.#work();
  }

  /** Power off and on: what was not printed is gone. */
  reset(): void {
    this.#buffer = new Uint8Array();
    this.#initialise();
  }

  receive(bytes: Uint8Array): void {
    const room = BUFFER_BYTES_MAX - this.#buffer.length;
    if (bytes.length > room) this.#output.note("buffer full");
    const held = this.#buffer.length;
    this.#buffer = Buffer.concat([this.#buffer, bytes.subarray(0, Math.max(0, room))]);
    if (this.#stopped()) this.#answerRealTime(Math.max(0, held - 2));
    else this.#work();
  }

  #stopped(): boolean {
    return this.#jammed || this.#paper === "out";
  }

  /** While data waits for paper, status requests are taken out of what arrives. */
  #answerRealTime(from: number): void {
    let at = this.#buffer.indexOf(0x10, from);
    while (at !== -1 && at + 2 < this.#buffer.length) {
      const request = this.#buffer[at + 2] ?? 0;
      if (this.#buffer[at + 1] === 0x04 && request >= 1 && request <= 4) {
        this.#answerStatus(request);
        this.#buffer = Buffer.concat([this.#buffer.subarray(0, at), this.#buffer.subarray(at + 3)]);
        at = this.#buffer.indexOf(0x10, at);
      } else at = this.#buffer.indexOf(0x10, at + 1);
    }
  }

  #answerStatus(request: number): void {
    const out = this.#paper === "out";
    if (request === 1) this.#output.answer(Uint8Array.of(this.#stopped() ? 0x1a : 0x12));
    else if (request === 2) this.#output.answer(Uint8Array.of(0x12 | (out ? 0x20 : 0) | (this.#jammed ? 0x40 : 0)));
    else if (request === 3) this.#output.answer(Uint8Array.of(this.#jammed ? 0x16 : 0x12));
    else if (request === 4) this.#output.answer(Uint8Array.of(out ? 0x7e : this.#paper === "low" ? 0x1e : 0x12));
  }

  #work(): void {
    let offset = 0;
    while (!this.#stopped()) {
      const step = nextToken(this.#buffer, offset);
      if (step === null) break;
      offset = step.next;
      this.#take(step.token);
    }
    this.#buffer = this.#buffer.slice(offset);
    // The paper ended or stuck in the middle of a packet: questions further on in it are answered now.
    if (this.#stopped()) this.#answerRealTime(0);
  }

  #take(token: Token): void {
    if (token.kind === "byte") {
      this.#byte(token.value);
      return;
    }
    this.#flushLead();
    if (token.kind === "unknown") this.#output.note(`unknown command ${token.name}`);
    else this.#command(token.name, token.data);
  }

  #byte(value: number): void {
    const lead = this.#lead;
    if (lead !== null) {
      this.#lead = null;
      if (value >= 0x40 && value !== 0x7f && value !== 0xff) {
        this.#put(decodeDouble(lead, value));
        return;
      }
      this.#put(" ");
    }
    if (value === 0x0a) this.#feedLine();
    else if (value === 0x09) this.#tab();
    else if (value === 0x18) this.#head.clear();
    else if (value < 0x20) return;
    else if (this.#chinese && value >= 0x81 && value <= 0xfe) this.#lead = value;
    else this.#put(decodeByte(this.#page, value));
  }

  #flushLead(): void {
    if (this.#lead === null) return;
    this.#lead = null;
    this.#put(" ");
  }

  #put(character: string): void {
    if (this.#head.dots + widthDots(character, this.#style) > this.#areaDots) this.#feedLine();
    this.#head.put(character, this.#style, this.#spacingDots);
  }

  #tab(): void {
    const stopDots = TAB_COLUMNS * COLUMN_DOTS;
    this.#head.moveTo((Math.floor(this.#head.dots / stopDots) + 1) * stopDots);
  }

  #feedLine(): void {
    this.#print(this.#head.take(this.#align));
  }

  #print(line: PaperLine): void {
    this.#output.line(line);
    if (this.#linesLeft === null) return;
    this.#linesLeft -= 1;
    if (this.#linesLeft > 0) return;
    this.#linesLeft = null;
    this.#paper = "out";
    this.#output.ranOut();
  }

  #initialise(): void {
    this.#head.clear();
    this.#style = PLAIN;
    this.#align = "left";
    this.#page = 0;
    this.#chinese = true;
    this.#lead = null;
    this.#areaDots = PAPER_DOTS;
    this.#spacingDots = 0;
    this.#raster = null;
  }

  #command(name: string, data: Uint8Array): void {
    const [a = 0, b = 0] = data;
    switch (name) {
      case "DLE \x04":
        this.#answerStatus(a);
        return;
      case "ESC @":
        this.#initialise();
        return;
      case "ESC a":
        this.#align = ALIGNS[a % 48] ?? this.#align;
        return;
      case "ESC t":
        this.#page = a;
        return;
      case "FS &":
        this.#chinese = true;
        return;
      case "FS .":
        this.#chinese = false;
        return;
      case "ESC  ":
        this.#spacingDots = a;
        return;
      case "ESC $":
        this.#head.moveTo(a + b * 256);
        return;
      case "ESC \\":
        this.#head.moveTo(this.#head.dots + (((a + b * 256) << 16) >> 16));
        return;
      case "GS W":
        this.#areaDots = Math.min(PAPER_DOTS, Math.max(COLUMN_DOTS * 2, a + b * 256));
        return;
      case "ESC d":
        for (let line = 0; line < a && !this.#stopped(); line += 1) this.#feedLine();
        return;
      case "ESC J":
        if (!this.#head.empty) this.#feedLine();
        return;
      case "GS r":
        // Answered in its place in the data, so it tells that what stood before it is on the paper.
        this.#output.answer(Uint8Array.of(a % 48 === 1 && this.#paper === "low" ? 0x03 : 0x00));
        return;
      case "GS V":
      case "ESC i":
      case "ESC m":
        if (!this.#head.empty) this.#feedLine();
        this.#output.cut();
        return;
      case "GS (":
      case "GS 8":
      case "GS v":
      case "GS k":
        this.#graphics(name, data);
        return;
      default:
        this.#style = styled(this.#style, name, a);
    }
  }

  #graphics(name: string, data: Uint8Array): void {
    const letter = String.fromCharCode(data[0] ?? 0);
    if (name === "GS k") {
      this.#barcode(data);
      return;
    }
    if (name === "GS v") {
      const [xl = 0, xh = 0, yl = 0, yh = 0] = data.subarray(2, 6);
      const raster = { widthDots: (xl + xh * 256) * 8, heightDots: yl + yh * 256, bits: data.subarray(6) };
      this.#printRaster(raster);
      return;
    }
    const body = data.subarray(name === "GS 8" ? 5 : 3);
    if (letter === "k" && body[0] === 49) {
      this.#qrFunction(body);
      return;
    }
    if (letter !== "L") return;
    const [, fn = 0] = body;
    if (fn === 112) {
      const [xl = 0, xh = 0, yl = 0, yh = 0] = body.subarray(6, 10);
      this.#raster = { widthDots: xl + xh * 256, heightDots: yl + yh * 256, bits: body.slice(10) };
    } else if ((fn === 50 || fn === 2) && this.#raster !== null) {
      const raster = this.#raster;
      this.#raster = null;
      this.#printRaster(raster);
    }
  }

  #printRaster({ widthDots: width, heightDots, bits }: Raster): void {
    const bitsBase64 = Buffer.from(bits).toString("base64");
    this.#print({ kind: "image", align: this.#align, widthDots: width, heightDots, bitsBase64 });
  }

  #qrFunction(body: Uint8Array): void {
    const [, fn = 0, n = 0] = body;
    if (fn === 67) this.#qr.moduleDots = n;
    else if (fn === 80) this.#qr.stored = body.slice(3);
    else if (fn === 81 && this.#qr.stored.length > 0) {
      const { moduleDots, stored } = this.#qr;
      this.#print({ kind: "qr", align: this.#align, payload: decodePayload(stored), moduleDots });
    }
  }

  #barcode(data: Uint8Array): void {
    const symbology = data[0] ?? 0;
    const payload = symbology <= 6 ? data.subarray(1, -1) : data.subarray(2);
    this.#print({ kind: "barcode", align: this.#align, symbology, payload: decodePayload(payload) });
  }
}
