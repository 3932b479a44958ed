/**
 * An OMNIKEY reader in PC/SC, made of Debian's virtual one: what the kiosk says in HID's commands goes on to our virtual card
 * in those that it knows. So the sandbox stays as it is, and the kiosk meets a reader that takes nothing of ACS.
 */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { readerConfig } from "./pcscd.ts";

/** What libccid calls it. */
export const omnikeyName = "HID Global OMNIKEY 3x21 Smart Card Reader";
/** Where pcscd's reader waits for a card, and where the proxy takes the sandbox's. */
const channel = 0x9000;

/** Folder of pcscd's reader configuration with this one reader in it. */
export const omnikeyConfig = (): string => readerConfig([{ name: omnikeyName, port: channel }]);

export interface OmnikeyProxy {
  /** For `SANDBOX_VPCD`. */
  port: number;
  /** Commands of HID's that came, in hex. */
  readonly heard: string[];
  close(): Promise<void>;
}

const hex = (bytes: Iterable<number>): string => Buffer.from([...bytes]).toString("hex");
const framed = (bytes: Uint8Array): Buffer => Buffer.from([bytes.length >> 8, bytes.length & 0xff, ...bytes]);
const counterCommand = "ff70076b07a605a00331000000";

/** What goes to the card instead, and what its answer becomes. null: this reader does not know the command. */
export function translated(command: Uint8Array): { acs: Uint8Array; back: (answer: Uint8Array) => Uint8Array } | null {
  const [cla, ins, ...rest] = command;
  const same = (answer: Uint8Array): Uint8Array => answer;
  if (cla !== 0xff) return { acs: command, back: same };
  if (hex(command) === counterCommand) {
    const acs = Uint8Array.of(0xff, 0xb1, 0x00, 0x00, 0x04);
    return { acs, back: (answer) => Uint8Array.of(0xbd, 0x03, 0xa0, 0x01, answer[0] ?? 0, 0x90, 0x00) };
  }
  if (ins === 0xa4 || ins === 0xb0) return { acs: command, back: same };
  if (ins === 0xd6) return { acs: Uint8Array.of(cla, 0xd0, ...rest), back: same };
  if (ins !== 0x20) return null;
  const tries = (counter: number): number => counter.toString(2).replaceAll("0", "").length;
  const back = ([, counter = 0]: Uint8Array): Uint8Array => {
    if (counter === 0x07) return Uint8Array.of(0x90, 0x00);
    return counter === 0 ? Uint8Array.of(0x69, 0x83) : Uint8Array.of(0x63, 0xc0 | tries(counter));
  };
  return { acs: command, back };
}

/** Stands between the sandbox's card and pcscd, both of which speak vpcd's frames: length (two bytes), bytes. */
export async function omnikeyProxy(): Promise<OmnikeyProxy> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const pair = (card: Socket): void => {
    const service = createConnection({ host: "127.0.0.1", port: channel, noDelay: true });
    card.setNoDelay(true);
    const waiting: ((answer: Uint8Array) => Uint8Array)[] = [];
    const over = (): void => {
      card.destroy();
      service.destroy();
    };
    for (const socket of [card, service]) {
      sockets.add(socket);
      socket.on("error", over);
      socket.on("close", over);
    }
    onFrames(service, (message) => {
      // Power and ATR, one byte each; only the ATR is answered.
      if (message.length === 1) {
        if (message[0] === 0x04) waiting.push((atr) => atr);
        card.write(framed(message));
        return;
      }
      heard.push(hex(message));
      const known = translated(message);
      if (known === null) return void service.write(framed(Uint8Array.of(0x6d, 0x00)));
      waiting.push(known.back);
      card.write(framed(known.acs));
    });
    onFrames(card, (answer) => {
      const back = waiting.shift();
      if (back !== undefined) service.write(framed(back(answer)));
    });
  };
  const server: Server = createServer(pair);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    heard,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function onFrames(socket: Socket, take: (message: Uint8Array) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      const message = rest.subarray(2, end);
      rest = rest.subarray(end);
      take(message);
    }
  });
}
