/** Scanner, printer and voice ports. States and errors in XFS4IoT's words. */

export interface CodeScanner {
  /** One call per decoded symbol. The code is never logged; a second read of the same code within 2 s is dropped. */
  subscribe(
    listener: (event: { type: "code"; code: string } | { type: "ready" } | { type: "fault" }) => void,
  ): () => void;
  close(): Promise<void>;
}

export type PaperState = "full" | "low" | "out" | "jammed" | "unknown";
export type PrintResult = { ok: true } | { ok: false; reason: "paperOut" | "jammed" | "offline" | "timeout" };

export interface ReceiptPrinter {
  /** Asks the printer itself (DLE EOT n). */
  paper(): Promise<PaperState>;
  /** Resolves when the printer has reported the paper moved (its own status after the data), never by timer alone. */
  print(bytes: Uint8Array): Promise<PrintResult>;
  close(): Promise<void>;
}
