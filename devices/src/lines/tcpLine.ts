/**
 * A TCP line to a device: connects, and after a loss connects again with a doubling, bounded wait.
 */
import { connect, type Socket } from "node:net";
import type { Line, LineListener } from "./line.ts";

const firstWaitMs = 100;
const longestWaitMs = 3_000;
const connectTimeoutMs = 5_000;
const maxUnsentBytes = 256 * 1024;

/** `url`: `tcp://host:port`. Throws TypeError for anything else. */
export function openTcpLine(url: string, listener: LineListener): Line {
  const { host, port } = parseTcpUrl(url);
  let socket: Socket | null = null;
  let connected = false;
  let closed = false;
  let waitMs = firstWaitMs;
  let retry: NodeJS.Timeout | null = null;

  const start = (): void => {
    const current = connect({ host, port });
    socket = current;
    current.setNoDelay(true);
    current.setKeepAlive(true, 10_000);
    const connecting = setTimeout(() => current.destroy(), connectTimeoutMs);
    current.on("connect", () => {
      clearTimeout(connecting);
      connected = true;
      waitMs = firstWaitMs;
      listener.up();
    });
    current.on("data", (chunk: Buffer) => listener.bytes(chunk));
    // The reason of a loss changes nothing here: `close` follows every error.
    current.on("error", () => undefined);
    current.on("close", () => {
      clearTimeout(connecting);
      const wasUp = connected;
      connected = false;
      socket = null;
      if (wasUp && !closed) listener.down();
      if (closed) return;
      retry = setTimeout(start, waitMs);
      waitMs = Math.min(waitMs * 2, longestWaitMs);
    });
  };
  start();

  return {
    send: (bytes) => {
      if (socket === null || !connected || socket.writableLength + bytes.length > maxUnsentBytes) return false;
      socket.write(bytes);
      return true;
    },
    reset: () => {
      socket?.destroy();
    },
    close: async () => {
      closed = true;
      if (retry !== null) clearTimeout(retry);
      const current = socket;
      if (current === null) return;
      await new Promise<void>((resolve) => {
        current.once("close", () => resolve());
        current.destroy();
      });
    },
  };
}

/** Throws TypeError unless `url` is `tcp://host:port`. */
export function parseTcpUrl(url: string): { host: string; port: number } {
  const match = /^tcp:\/\/(\[[0-9a-f:]+\]|[^\s:/[\]]+):(\d{1,5})\/?$/i.exec(url);
  const host = match?.[1]?.replace(/^\[|\]$/g, "");
  const port = Number(match?.[2]);
  if (host === undefined || !(port >= 1 && port <= 65_535)) throw new TypeError(`not tcp://host:port: ${url}`);
  return { host, port };
}
