/**
 * Makes a browser's picture small: a PNG of at most 256 colours, which is all a drawn screen needs. Reads what
 * Chromium writes (8 bits per channel, not interlaced) and nothing else. PNG: ISO/IEC 15948.
 */
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { paletteOf } from "./palette.ts";

const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);

interface Raster {
  widthPx: number;
  heightPx: number;
  /** One 0xRRGGBB per pixel. */
  pixels: Uint32Array;
}

/** The same picture with a palette of at most `colours` (2 to 256); throws on a PNG it can't read. */
export function shrinkPng(png: Buffer, colours: number): Buffer {
  const { widthPx, heightPx, pixels } = decode(png);
  const { palette, indexOf } = paletteOf(pixels, colours);
  const rows = Buffer.alloc((widthPx + 1) * heightPx);
  for (let y = 0; y < heightPx; y += 1)
    for (let x = 0; x < widthPx; x += 1) rows[y * (widthPx + 1) + 1 + x] = indexOf(pixels[y * widthPx + x] ?? 0);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  // 8 bits per pixel, colours from the palette.
  header.set([8, 3, 0, 0, 0], 8);
  const table = Buffer.from(palette.flatMap((rgb) => [rgb >> 16, (rgb >> 8) & 0xff, rgb & 0xff]));
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("PLTE", table),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}

function decode(png: Buffer): Raster {
  if (!png.subarray(0, 8).equals(signature)) throw new Error("not a PNG");
  const widthPx = png.readUInt32BE(16);
  const heightPx = png.readUInt32BE(20);
  const [depth, kind, , , interlaced] = png.subarray(24, 29);
  const channels = kind === 2 ? 3 : kind === 6 ? 4 : 0;
  if (depth !== 8 || channels === 0 || interlaced !== 0) throw new Error(`a PNG of another kind: ${depth}/${kind}`);
  const parts: Buffer[] = [];
  for (let at = 8; at + 12 <= png.length; at += png.readUInt32BE(at) + 12)
    if (png.toString("latin1", at + 4, at + 8) === "IDAT")
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const bytes = unfilter(inflateSync(Buffer.concat(parts)), widthPx * channels, heightPx, channels);
  const pixels = new Uint32Array(widthPx * heightPx);
  for (let i = 0; i < pixels.length; i += 1) {
    const at = i * channels;
    pixels[i] = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  }
  return { widthPx, heightPx, pixels };
}

/** Takes the filters off the rows; `step` is the bytes of one pixel. */
function unfilter(raw: Buffer, rowBytes: number, rows: number, step: number): Buffer {
  const out = Buffer.alloc(rowBytes * rows);
  for (let y = 0; y < rows; y += 1) {
    const filter = raw[y * (rowBytes + 1)] ?? 0;
    for (let x = 0; x < rowBytes; x += 1) {
      const at = y * rowBytes + x;
      const left = x >= step ? (out[at - step] ?? 0) : 0;
      const up = y > 0 ? (out[at - rowBytes] ?? 0) : 0;
      const corner = x >= step && y > 0 ? (out[at - rowBytes - step] ?? 0) : 0;
      out[at] = ((raw[y * (rowBytes + 1) + 1 + x] ?? 0) + guess(filter, left, up, corner)) & 0xff;
    }
  }
  return out;
}

/** What a row's filter predicts for a byte. */
function guess(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const sum = left + up - corner;
      const [toLeft, toUp, toCorner] = [Math.abs(sum - left), Math.abs(sum - up), Math.abs(sum - corner)];
      return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    }
    default:
      throw new Error(`no PNG filter ${filter}`);
  }
}
