import { createServer, type Server, type Socket } from "node:net";

/**
 * A loopback TCP server for a device with one cable: one client at a time, a newer one replaces the older.
 */
export interface SingleClientServer {
  readonly port: number;
  /** Sends to the present client; false when nobody listens (what a device says then is lost). */
  send(data: string | Uint8Array): boolean;
  /** Ends the connection of the present client. */
  drop(): void;
  close(): Promise<void>;
}

export interface SingleClientHandlers {
  /** A new client is on; what this returns receives its bytes and says "cut" to end the connection. */
  connected(send: (data: string | Uint8Array) => boolean): { data(chunk: Buffer): "keep" | "cut" };
}

/** A client that does not read is cut off rather than buffered for without end. */
const UNREAD_BYTES_MAX = 1 << 20;

export async function listenSingleClient(port: number, handlers: SingleClientHandlers): Promise<SingleClientServer> {
  let client: Socket | null = null;
  const sendTo = (socket: Socket, data: string | Uint8Array): boolean => {
    if (client !== socket || socket.destroyed) return false;
    socket.write(data);
    if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy();
    return true;
  };
  const server = createServer({ noDelay: true }, (socket) => {
    client?.destroy();
    client = socket;
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (client === socket) client = null;
    });
    const session = handlers.connected((data) => sendTo(socket, data));
    socket.on("data", (chunk) => {
      if (client === socket && session.data(chunk) === "cut") socket.destroy();
    });
  });
  const boundPort = await listen(server, port);
  return {
    port: boundPort,
    send: (data) => client !== null && sendTo(client, data),
    drop: () => void client?.destroy(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        client?.destroy();
      }),
  };
}

/** Listens on loopback at `port`, or, when that one is taken, at any free port. 0 = any. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === "EADDRINUSE" && port !== 0) {
        server.off("listening", onListening);
        resolve(listen(server, 0));
      } else reject(error);
    };
    const onListening = (): void => {
      server.off("error", onError);
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("a TCP server without a port"));
      else resolve(address.port);
    };
    server.once("error", onError);
    server.once("listening", onListening);
    server.listen(port, "127.0.0.1");
  });
}
