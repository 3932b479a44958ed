import { randomBytes } from "node:crypto";

/** Files a gateway has made and waits to be fetched, each by a link that lives for a while. In memory: a restart forgets them. */
export interface Tickets {
  /** @returns the secret part of the link. */
  keep(file: Buffer, livesMs: number): string;
  /** Null for a link nobody gave, or one too old. */
  fetch(token: string): Buffer | null;
}

const KEPT = 20;

export function makeTickets(now: () => number): Tickets {
  const kept = new Map<string, { file: Buffer; until: number }>();
  return {
    keep(file, livesMs) {
      const token = randomBytes(16).toString("hex");
      kept.set(token, { file, until: now() + livesMs });
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT) break;
        kept.delete(oldest);
      }
      return token;
    },
    fetch(token) {
      const ticket = kept.get(token);
      return ticket === undefined || now() > ticket.until ? null : ticket.file;
    },
  };
}
