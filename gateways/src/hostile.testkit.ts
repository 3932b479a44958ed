import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Hostile {
  url: string;
  /** How many requests came in. */
  hits(): number;
  close(): Promise<void>;
}

/** A server that answers whatever it likes, for what no honest gateway would send. */
export async function hostile(
  answer: (request: IncomingMessage, body: string, response: ServerResponse) => void,
): Promise<Hostile> {
  let hits = 0;
  const server = createServer((request, response) => {
    hits += 1;
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => answer(request, Buffer.concat(parts).toString(), response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a server that listens on a port always has one
  return {
    url: `http://127.0.0.1:${port}`,
    hits: () => hits,
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** An address where nobody listens: a port that was free a moment ago. */
export async function nobody(): Promise<string> {
  const server = await hostile(() => {});
  await server.close();
  return server.url;
}
