/** A line of bytes to a device that comes and goes by itself; it knows nothing of what the bytes mean. */
export interface LineListener {
  up(): void;
  down(): void;
  bytes(chunk: Uint8Array): void;
}

export interface Line {
  /** False when the line is down or too much is still unsent; nothing is queued for a later connection. */
  send(bytes: Uint8Array): boolean;
  /** Drops the present connection, so that nothing late from it can be taken for an answer; connects anew. */
  reset(): void;
  close(): Promise<void>;
}

export type OpenLine = (listener: LineListener) => Line;
