/**
 * A TCP link between two parts that can be harmed: a proxy on the loopback. With several targets it is a balancer too:
 * connections go round, and past a target that refuses.
 *
 * In a black hole nothing is lost by this proxy: what was sent into it arrives when it ends, unless the sender's
 * connection is gone by then — also then what the sender had sent arrives, late, as packets on real lines do.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Address } from "@citygas/city";
import type { Harm } from "./schedule.ts";

export interface Line {
  address: Address;
  /** Replaces the harm before. */
  harm(harm: Harm, delayMs: number): void;
  heal(): void;
  /** null: it is well. */
  state(): Harm | null;
  close(): Promise<void>;
}

export async function openLine(targets: readonly Address[]): Promise<Line> {
  const sockets = new Set<Socket>();
  let harmed: Harm | null = null;
  let lateMs = 0;
  let turn = 0;
  let closed = false;
  let open: () => void = () => undefined;
  let hole: Promise<void> = Promise.resolve();

  const passable = async (): Promise<void> => {
    while (harmed === "blackHole" && !closed) await hole;
  };
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    // `close` follows every error, and the other side is ended there.
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  };
  const carry = async (from: Socket, to: Socket): Promise<void> => {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (harmed === "delay") await sleep(lateMs);
        await passable();
        // Waits for each piece, so what is held back never grows.
        await new Promise<void>((resolve) => to.write(chunk, () => resolve()));
      }
      await passable();
      to.end();
    } catch {
      await passable();
      to.destroy();
    }
  };

  const reach = async (): Promise<Socket | null> => {
    const first = turn++;
    for (let n = 0; n < targets.length; n++) {
      const target = targets[(first + n) % targets.length];
      if (target === undefined) continue;
      const socket = connectTo(target);
      keep(socket);
      if (await once(socket, "connect").then(yes, no)) return socket;
      socket.destroy();
    }
    return null;
  };
  const pass = async (near: Socket): Promise<void> => {
    await passable();
    const far = closed ? null : await reach();
    if (far === null) {
      near.destroy();
      return;
    }
    // Gone while the other side was being reached, and then nobody would end that.
    if (near.destroyed) far.end();
    else await Promise.all([carry(near, far), carry(far, near)]);
  };

  const server = createServer({ allowHalfOpen: true }, (near) => {
    keep(near);
    if (harmed === "cut" || closed) near.resetAndDestroy();
    else void pass(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const at = server.address();
  if (at === null || typeof at === "string") throw new Error("a TCP server without a port");

  const cutAll = (): void => {
    for (const socket of [...sockets]) socket.destroy();
  };
  const change = (next: Harm | null, delayMs: number): void => {
    const before = open;
    if (next === "blackHole")
      hole = new Promise((resolve) => {
        open = resolve;
      });
    harmed = next;
    lateMs = delayMs;
    before();
    if (next === "cut") cutAll();
  };
  return {
    address: { host: "127.0.0.1", port: at.port },
    harm: change,
    heal: () => change(null, 0),
    state: () => harmed,
    close: async () => {
      closed = true;
      const gone = once(server, "close");
      server.close();
      open();
      cutAll();
      await gone;
    },
  };
}

const yes = (): true => true;
const no = (): false => false;

/** `host` may be the folder of PostgreSQL's socket. */
function connectTo({ host, port }: Address): Socket {
  return host.startsWith("/")
    ? connect({ path: join(host, `.s.PGSQL.${port}`), allowHalfOpen: true })
    : connect({ host, port, allowHalfOpen: true });
}
