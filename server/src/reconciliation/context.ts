/** What reconciliation needs beside the server's own context. */

import type { ChannelName } from "@citygas/core";
import type { BillSource } from "@citygas/gateways";
import type { ServerContext } from "../context.ts";
import type { HeavyPool } from "./heavy.ts";

/** What it takes of the server's context. */
export type ReconciliationBase = Pick<ServerContext, "db" | "now" | "newId" | "random" | "channels" | "log">;

export interface ReconciliationContext extends ReconciliationBase {
  /** For statements over a whole day, which take longer than a request may. */
  heavy: HeavyPool;
  /** Absolute; bills are kept in it unchanged, under their hash. */
  billsDir: string;
  /** Named by tests to stop between two steps; does nothing in production. */
  reached(step: ReconciliationStep): Promise<void>;
}
export type ReconciliationStep = "fetched" | "imported" | "compared";

/** Channels whose gateway makes bills. */
export function billChannels({ channels }: Pick<ServerContext, "channels">): [ChannelName, BillSource][] {
  return [...channels].flatMap(([name, { bills }]): [ChannelName, BillSource][] =>
    bills === undefined ? [] : [[name, bills]],
  );
}
