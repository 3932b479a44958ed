/** The way to meters on a link, as the centre sees it: MQTT, a maker's platform, or a simulated world. */
import type { Id, MeterRecord } from "@citygas/core";

/** `recharge`: CJ/T 188 A013; `readRecord`: 8105. Amounts in litres or fen, as the meter counts. */
export type MeterCommand = { kind: "readRecord" } | { kind: "recharge"; purchaseNo: number; amount: number };

export interface MeterLink {
  /**
   * Resolves when the command has left for its meter, or was lost: nobody knows which, nor when it arrives, nor how often.
   * Never throws.
   */
  send(meterId: Id, command: MeterCommand): Promise<void>;
}

/** What comes from a meter, late or twice. `awake`: whatever else it said, it hears now. `echo`: it got a recharge. */
export type MeterWord = { kind: "awake" } | { kind: "echo" } | { kind: "record"; record: MeterRecord };
