/**
 * Reads ESC/POS bytes as a printer does, for the tests: text, sizes, graphics, cuts and questions. It knows exactly
 * the commands that a receipt may hold and throws on any other, so a command smuggled in by data can't pass.
 */
export interface Paper {
  /** Printed characters in order, lines by `\n`. */
  text: string;
  rasters: { widthBytes: number; height: number }[];
  cuts: number;
  /** True when `GS r 1` is the very last thing. */
  endsWithQuestion: boolean;
}

/** Bytes after the two-byte command, for commands of fixed length. */
const fixedLengths: Record<string, number> = {
  "1b40": 0, // ESC @ initialise
  "1d61": 1, // GS a automatic status off
  "1b4d": 1, // ESC M font
  "1b20": 1, // ESC SP letter spacing
  "1c53": 2, // FS S spacing of Chinese characters
  "1b33": 1, // ESC 3 line spacing
  "1b7b": 1, // ESC { upside down
  "1c2e": 0, // FS . Chinese off
  "1c26": 0, // FS & Chinese on
  "1c43": 1, // FS C code system
  "1b74": 1, // ESC t code page
  "1b2d": 1, // ESC - underline
  "1c2d": 1, // FS - underline Chinese
  "1b45": 1, // ESC E emphasis
  "1d42": 1, // GS B inverse
  "1d21": 1, // GS ! size
  "1d4c": 2, // GS L left margin
  "1d57": 2, // GS W width
  "1b61": 1, // ESC a alignment
  "1b24": 2, // ESC $ absolute position
  "1b5c": 2, // ESC \ relative position
};

export function readPaper(bytes: Uint8Array): Paper {
  const paper: Paper = { text: "", rasters: [], cuts: 0, endsWithQuestion: false };
  const decoder = new TextDecoder("gb18030", { fatal: true });
  let chinese = false;
  let at = 0;
  const byte = (offset: number): number => {
    const value = bytes[at + offset];
    if (value === undefined) throw new Error(`the bytes end inside a command at ${at}`);
    return value;
  };
  while (at < bytes.length) {
    const lead = byte(0);
    if (lead === 0x0a) {
      paper.text += "\n";
      at += 1;
    } else if (lead === 0x1b || lead === 0x1c || lead === 0x1d) {
      const name = Buffer.from([lead, byte(1)]).toString("hex");
      const length = fixedLengths[name];
      if (name === "1c26" || name === "1c2e") chinese = name === "1c26";
      if (length !== undefined) at += 2 + length;
      else if (name === "1d76") {
        const widthBytes = byte(4) + 256 * byte(5);
        const height = byte(6) + 256 * byte(7);
        paper.rasters.push({ widthBytes, height });
        at += 8 + widthBytes * height;
      } else if (name === "1d56") {
        paper.cuts += 1;
        at += 4;
      } else if (name === "1d72") {
        paper.endsWithQuestion = byte(2) === 1 && at + 3 === bytes.length;
        at += 3;
      } else throw new Error(`command ${name} at ${at} does not belong on a receipt`);
    } else if (lead < 0x20) {
      throw new Error(`control character ${lead} at ${at}`);
    } else if (lead < 0x80) {
      paper.text += String.fromCharCode(lead);
      at += 1;
    } else if (!chinese) {
      if (lead !== 0x95) throw new Error(`byte ${lead} at ${at} outside Chinese mode is no rule`);
      paper.text += "─";
      at += 1;
    } else {
      if (byte(1) < 0x40) throw new Error(`a four-byte character at ${at}`);
      paper.text += decoder.decode(bytes.subarray(at, at + 2));
      at += 2;
    }
  }
  return paper;
}
