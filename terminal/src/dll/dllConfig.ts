/** The file that says which bridge a terminal has: its program, and the makers that it is asked for. */
import type { DllMaker } from "@citygas/gascard";

export interface DllConfig {
  command: [program: string, ...args: string[]];
  makers: DllMaker[];
}

const makersMax = 64;

/** `{"command": ["C:\\bridge\\bridge.exe"], "makers": [{"name": "xianfeng", "mark": "XF"}]}`; else what is wrong with it. */
export function parseDllConfig(text: string): DllConfig | { why: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { why: "no JSON" };
  }
  if (typeof json !== "object" || json === null || !("command" in json) || !("makers" in json)) {
    return { why: '"command" and "makers" are wanted' };
  }
  const { command, makers } = json;
  if (!Array.isArray(command)) return { why: '"command" must be the program and its arguments' };
  const words = command.filter((word): word is string => typeof word === "string");
  const [program, ...args] = words;
  if (program === undefined || program === "" || words.length !== command.length) {
    return { why: '"command" must be the program and its arguments' };
  }
  const known = Array.isArray(makers) ? makers.map(makerOf).filter((maker) => maker !== null) : [];
  const count = Array.isArray(makers) ? makers.length : 0;
  if (count === 0 || count > makersMax || known.length !== count) {
    return {
      why: 'each of "makers" must have a name of small letters and digits and a mark of two capital letters or digits',
    };
  }
  const twice = (of: (maker: DllMaker) => string): boolean => new Set(known.map(of)).size !== known.length;
  if (twice(({ name }) => name) || twice(({ mark }) => mark)) return { why: "two makers share a name or a mark" };
  return { command: [program, ...args], makers: known };
}

function makerOf(value: unknown): DllMaker | null {
  if (typeof value !== "object" || value === null || !("name" in value) || !("mark" in value)) return null;
  const { name, mark } = value;
  if (typeof name !== "string" || !/^[a-z0-9]{1,24}$/.test(name)) return null;
  return typeof mark === "string" && /^[A-Z0-9]{2}$/.test(mark) ? { name, mark } : null;
}
