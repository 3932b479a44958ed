/**
 * A reader of another family in PC/SC, made of Debian's virtual one: what the kiosk says in that family's commands goes on to
 * our virtual card in those that it knows. So the sandbox stays as it is, and the kiosk meets a reader that takes nothing of
 * ACS.
 */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { readerConfig } from "./pcscd.ts";

/** What goes to the card instead, and what its answer becomes. */
export interface Translated {
  acs: Uint8Array;
  back(answer: Uint8Array): Uint8Array;
}

export interface ReaderFamily {
  /** What PC/SC calls it. */
  name: string;
  /** null: these readers do not know the command. */
  translated(command: Uint8Array): Translated | null;
  /** What the reader says to the chip on its own when it gives it power. */
  onPower: readonly Uint8Array[];
}

export interface ReaderProxy {
  /** For `SANDBOX_VPCD`. */
  port: number;
  /** Pseudo-APDUs that came, in hex. */
  readonly heard: string[];
  close(): Promise<void>;
}

/** Where pcscd's reader waits for a card: see `slotPorts`. */
const channel = 0x7100;
const [powerOn, reset, getAtr] = [0x01, 0x02, 0x04];

/** Folder of pcscd's reader configuration with this one reader in it. */
export const configOf = ({ name }: ReaderFamily): string => readerConfig([{ name, port: channel }]);

export const hex = (bytes: Iterable<number>): string => Buffer.from([...bytes]).toString("hex");
const framed = (bytes: Uint8Array): Buffer => Buffer.from([bytes.length >> 8, bytes.length & 0xff, ...bytes]);

/** Stands between the sandbox's card and pcscd, both of which speak vpcd's frames: length (two bytes), bytes. */
export async function readerProxy({ translated, onPower }: ReaderFamily): Promise<ReaderProxy> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const pair = (card: Socket): void => {
    const service = createConnection({ host: "127.0.0.1", port: channel, noDelay: true });
    card.setNoDelay(true);
    const waiting: ((answer: Uint8Array) => Uint8Array | null)[] = [];
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
        if (message[0] === getAtr) waiting.push((atr) => atr);
        card.write(framed(message));
        for (const own of message[0] === powerOn || message[0] === reset ? onPower : []) {
          waiting.push(() => null);
          card.write(framed(own));
        }
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
      const said = back?.(answer) ?? null;
      if (said !== null) service.write(framed(said));
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
