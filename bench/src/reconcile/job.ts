/** What the bench and the measured process say to each other. */
export interface ReconcileJob {
  database: { host: string; port: number; user: string; database: string };
  dataDir: string;
  bill: { file: string; sha256: string; sizeBytes: number };
  /** `load`: only COPY the file's bytes into a table. */
  what: "reconcile" | "load";
}
export interface ReconcileNews {
  elapsedMs: number;
  /** From the start to the end of each step. */
  stepsMs: Record<string, number>;
  peakRssMb: number;
  cpuMs: number;
}
