/** A link as chaos harms it, between real sockets. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Address } from "@citygas/city";
import { afterEach, expect, it } from "vitest";
import { type Line, openLine } from "./line.ts";

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** Answers every piece with its own name and what it got. */
async function echo(name: string): Promise<Address & { server: Server; close(): Promise<unknown> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => socket.write(`${name}:${chunk.toString()}`));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const at = server.address();
  if (at === null || typeof at === "string") throw new Error("no port");
  const close = async (): Promise<unknown> => {
    for (const socket of sockets) socket.destroy();
    return await new Promise((resolve) => server.close(resolve));
  };
  undo.push(close);
  return { host: "127.0.0.1", port: at.port, server, close };
}

async function lineTo(...targets: Address[]): Promise<Line> {
  const line = await openLine(targets);
  undo.push(() => line.close());
  return line;
}

function dial({ address }: Line): Socket {
  const socket = connect(address);
  socket.on("error", () => undefined);
  undo.push(async () => socket.destroy());
  return socket;
}

/** However it ended. */
const ended = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once("close", () => resolve()));

async function asked(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk.toString();
}

it("carries what it gets, to one target after the other, and past one that is gone", async () => {
  const [a, b] = [await echo("a"), await echo("b")];
  const line = await lineTo(a, b);
  expect([await asked(dial(line), "1"), await asked(dial(line), "2")]).toEqual(["a:1", "b:2"]);
  await a.close();
  expect([await asked(dial(line), "3"), await asked(dial(line), "4")]).toEqual(["b:3", "b:4"]);
});

it("cut, ends what there is and takes nothing new; healed, carries again", async () => {
  const line = await lineTo(await echo("a"));
  const socket = dial(line);
  await asked(socket, "1");
  line.harm("cut", 0);
  expect(line.state()).toBe("cut");
  await ended(socket);
  await ended(dial(line));
  line.heal();
  expect(line.state()).toBeNull();
  expect(await asked(dial(line), "2")).toBe("a:2");
});

it("a black hole gives nothing back until it ends, and then all of it, in order", async () => {
  const line = await lineTo(await echo("a"));
  const [old, other] = [dial(line), dial(line)];
  await asked(old, "1");
  await asked(other, "1");
  line.harm("blackHole", 0);
  const late = dial(line);
  await once(late, "connect");
  let got = "";
  for (const socket of [old, late]) socket.on("data", (chunk: Buffer) => (got += chunk.toString()));
  old.write("2");
  late.write("3");
  // By the time another link has carried a whole exchange there and back, this one would have answered.
  const beside = await lineTo(await echo("b"));
  for (let n = 0; n < 20; n++) await asked(dial(beside), "x");
  expect(got).toBe("");
  line.heal();
  while (got.length < "a:2a:3".length) await Promise.race([once(old, "data"), once(late, "data")]);
  expect([got.includes("a:2"), got.includes("a:3")]).toEqual([true, true]);
});

it("what was sent into a black hole by one who is gone arrives all the same", async () => {
  const target = await echo("a");
  const line = await lineTo(target);
  const socket = dial(line);
  await asked(socket, "1");
  line.harm("blackHole", 0);
  const heard = new Promise<string>((resolve) =>
    target.server.once("connection", (peer: Socket) => peer.once("data", (chunk) => resolve(chunk.toString()))),
  );
  const gone = dial(line);
  await once(gone, "connect");
  gone.end("pay");
  await once(gone, "finish");
  line.heal();
  expect(await heard).toBe("pay");
});

it("delayed, carries late", async () => {
  const line = await lineTo(await echo("a"));
  const socket = dial(line);
  await asked(socket, "1");
  line.harm("delay", 120);
  const from = performance.now();
  expect(await asked(socket, "2")).toBe("a:2");
  // There and back.
  expect(performance.now() - from).toBeGreaterThanOrEqual(230);
});
