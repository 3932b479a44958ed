import type { TextStyle } from "./paper.ts";

/** Style after power-on and `ESC @`. */
export const PLAIN: TextStyle = { bold: false, underline: false, invert: false, width: 1, height: 1 };

/** The style after a style command; the same for any other command. */
export function styled(style: TextStyle, name: string, n: number): TextStyle {
  switch (name) {
    case "ESC !":
      return {
        ...style,
        bold: (n & 0x08) !== 0,
        underline: (n & 0x80) !== 0,
        height: (n & 0x10) === 0 ? 1 : 2,
        width: (n & 0x20) === 0 ? 1 : 2,
      };
    case "FS !":
      return {
        ...style,
        underline: (n & 0x80) !== 0,
        width: (n & 0x04) === 0 ? 1 : 2,
        height: (n & 0x08) === 0 ? 1 : 2,
      };
    case "FS W":
      return { ...style, width: (n & 1) + 1, height: (n & 1) + 1 };
    case "GS !":
      return { ...style, width: ((n >> 4) & 7) + 1, height: (n & 7) + 1 };
    case "ESC E":
    case "ESC G":
      return { ...style, bold: (n & 1) !== 0 };
    case "ESC -":
    case "FS -":
      return { ...style, underline: n % 48 !== 0 };
    case "GS B":
      return { ...style, invert: (n & 1) !== 0 };
    default:
      return style;
  }
}
