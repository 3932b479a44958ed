/** What a child says, in a file that can't fill the disk: at `maxBytes` it becomes `.old` and a new one begins. */
import { appendFileSync, existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

export interface LogFile {
  write(text: string | Buffer): void;
  /** The last lines, for an error message. */
  tail(): string;
}

const tailChars = 2_000;

export function openLog(path: string, maxBytes = 5_000_000): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  let bytes = existsSync(path) ? statSync(path).size : 0;
  let last = "";
  return {
    write(text) {
      if (bytes > maxBytes) {
        renameSync(path, `${path}.old`);
        bytes = 0;
      }
      appendFileSync(path, text);
      bytes += text.length;
      last = (last + text.toString()).slice(-tailChars);
    },
    tail: () => last,
  };
}
