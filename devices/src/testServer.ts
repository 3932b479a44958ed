/** For the tests of this folder: a TCP device in the same process, and a way to wait for what a driver says. */
import { createServer, type Server, type Socket } from "node:net";

export interface TestDevice {
  url: string;
  /** The newest client, once there is one. */
  client(): Promise<Socket>;
  /** Drops the clients; the port stays. */
  dropClients(): void;
  close(): Promise<void>;
}

export async function testDevice(onData: (socket: Socket, bytes: Buffer) => void, hello = ""): Promise<TestDevice> {
  const sockets: Socket[] = [];
  const arrivals: ((socket: Socket) => void)[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => onData(socket, bytes));
    if (hello !== "") socket.write(hello);
    for (const arrived of arrivals.splice(0)) arrived(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `tcp://127.0.0.1:${address.port}`,
    client: () => {
      const newest = sockets.at(-1);
      return newest === undefined ? new Promise((resolve) => arrivals.push(resolve)) : Promise.resolve(newest);
    },
    dropClients: () => {
      for (const socket of sockets.splice(0)) socket.destroy();
    },
    close: async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Collects events; `next(n)` resolves with all so far once there are at least n. */
export function collector<E>(): { push: (event: E) => void; next: (count: number) => Promise<E[]> } {
  const all: E[] = [];
  const waits: { count: number; resolve: (events: E[]) => void }[] = [];
  return {
    push: (event) => {
      all.push(event);
      for (const wait of waits.filter((w) => w.count === all.length)) wait.resolve([...all]);
    },
    next: (count) =>
      all.length >= count ? Promise.resolve([...all]) : new Promise((resolve) => waits.push({ count, resolve })),
  };
}
