/** Corrections and bookings that reconciliation makes: always new entries, never an edited row. */
import type { Posting } from "../aggregates.ts";
import type { ChannelName } from "../payment/types.ts";
import type { Fen, Id } from "../units.ts";
import { assertInteger, never } from "../units.ts";

/** `amountFen` into `to`, out of `from`; nothing for nothing. */
function move(to: string, from: string, amountFen: Fen): Posting[] {
  assertInteger(amountFen, "amountFen");
  if (amountFen === 0) return [];
  return [
    { account: to, commodity: "fen", amount: amountFen },
    { account: from, commodity: "fen", amount: 0 - amountFen },
  ];
}

/** What people may decide about a difference. */
export const resolutionKinds = ["explained", "suspense", "overShort", "fee"] as const;
export type ResolutionKind = (typeof resolutionKinds)[number];

/**
 * Brings the gateway's account to what the gateway really holds: `amountFen` = theirs − ours, positive when there is
 * more out there. The other side waits in suspense until people know whose it is, or is over and short, or a fee.
 */
export function resolutionEntry(kind: ResolutionKind, channel: ChannelName, amountFen: Fen): Posting[] {
  switch (kind) {
    case "explained":
      return [];
    case "suspense":
    case "overShort":
    case "fee":
      return move(`gateway:${channel}`, `${kind}:${channel}`, amountFen);
    default:
      return never(kind, "resolution");
  }
}

/** What the gateway kept for itself. */
export const feeEntry = (channel: ChannelName, feeFen: Fen): Posting[] =>
  move(`fee:${channel}`, `gateway:${channel}`, feeFen);

/** The gateway has paid out to the company's bank account. */
export const payoutEntry = (channel: ChannelName, unitId: Id, amountFen: Fen): Posting[] =>
  move(`bank:${unitId}`, `gateway:${channel}`, amountFen);

/** Suspense is cleared: given back by the gateway, or kept as over and short. Positive: what stood in suspense. */
export function clearSuspenseEntry(channel: ChannelName, to: "gateway" | "overShort", amountFen: Fen): Posting[] {
  return move(`suspense:${channel}`, `${to}:${channel}`, amountFen);
}
