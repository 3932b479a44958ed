/** What is asked for on the command line: names of benches, and how long and how hard. */
import { err, ok, type Result } from "@citygas/core";

export const benchNames = ["purchase", "kiosk", "reconcile", "card"] as const;
export type BenchName = (typeof benchNames)[number];

export interface Args {
  names: BenchName[];
  /** Of each measured stretch. */
  seconds: number;
  /** Terminals that sell at once (purchase). */
  terminals: number;
  /** Sales to make (kiosk). */
  sales: number;
  /** Payments of the day (reconcile). */
  lines: number;
}

const limits = {
  seconds: { from: 2, to: 600, default: 20 },
  terminals: { from: 1, to: 512, default: 64 },
  sales: { from: 1, to: 2_000, default: 200 },
  lines: { from: 1_000, to: 5_000_000, default: 1_000_000 },
} as const;
type Option = keyof typeof limits;

export const usage = `npm run bench -- ${benchNames.join("|")}… [--seconds N] [--terminals N] [--sales N] [--lines N]`;

/** `--seconds 20` and `--seconds=20` mean the same. The error is a sentence for the person who typed. */
export function readArgs(argv: readonly string[]): Result<Args, string> {
  const words = argv.flatMap((word) => (word.startsWith("--") ? splitAtEquals(word) : [word]));
  const args: Args = {
    names: [],
    seconds: limits.seconds.default,
    terminals: limits.terminals.default,
    sales: limits.sales.default,
    lines: limits.lines.default,
  };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word.startsWith("--")) {
      const option = optionOf(word);
      if (option === null) return err(`${word} is no option. ${usage}`);
      const { from, to } = limits[option];
      const text = words[++at] ?? "";
      const value = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
      if (!(value >= from && value <= to)) return err(`${word} wants a whole number from ${from} to ${to}`);
      args[option] = value;
      continue;
    }
    const name = benchNames.find((known) => known === word);
    if (name === undefined) return err(`there is no bench "${word}". ${usage}`);
    if (!args.names.includes(name)) args.names.push(name);
  }
  return args.names.length === 0 ? err(usage) : ok(args);
}

function splitAtEquals(word: string): string[] {
  const at = word.indexOf("=");
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

function optionOf(word: string): Option | null {
  const name = word.slice(2);
  return name === "seconds" || name === "terminals" || name === "sales" || name === "lines" ? name : null;
}
