/** `pcsc-mini` as the reader's driver uses it, with an ear on what goes to the card and a way past the driver. */
import type { PcscModule } from "@citygas/devices";

type Client = InstanceType<PcscModule["Client"]>;
type Reader = Parameters<Parameters<Client["on"]>[1]>[0];

export interface Recording {
  load: () => Promise<PcscModule>;
  /** Commands since the last call. */
  taken(): Uint8Array[];
  /** The same line to the card that the driver holds, without the driver. */
  raw(command: Uint8Array): Promise<Uint8Array>;
}

interface Card {
  transmit(command: Uint8Array): Promise<Uint8Array>;
}

export function recordingPcsc(load: () => Promise<PcscModule>): Recording {
  let commands: Uint8Array[] = [];
  let card: Card | null = null;

  const heard = <C extends Card>(connected: C): C => {
    card = { transmit: (command) => connected.transmit(command) };
    const transmit = (command: Uint8Array): Promise<Uint8Array> => {
      commands.push(command);
      return connected.transmit(command);
    };
    return new Proxy(connected, { get: (target, key) => (key === "transmit" ? transmit : bound(target, key)) });
  };
  const listened = <R extends object & { connect(mode: number): Promise<Card> }>(reader: R): R => {
    const connect = async (mode: number): Promise<Card> => heard(await reader.connect(mode));
    return new Proxy(reader, { get: (target, key) => (key === "connect" ? connect : bound(target, key)) });
  };
  return {
    load: async () => {
      const pcsc = await load();
      const Client = new Proxy(pcsc.Client, {
        construct: (target) => {
          const client = new target();
          const on = (event: "reader", listener: (reader: Reader) => void): unknown =>
            // Only readers are handed on otherwise than they come.
            client.on(
              event,
              event === "reader"
                ? (reader) => listener(isReader(reader) ? (listened(reader) as Reader) : reader)
                : listener,
            );
          return new Proxy(client, { get: (inner, key) => (key === "on" ? on : bound(inner, key)) });
        },
      });
      return { ...pcsc, Client };
    },
    taken: () => {
      const all = commands;
      commands = [];
      return all;
    },
    raw: (command) => {
      if (card === null) throw new Error("no card is connected");
      return card.transmit(command);
    },
  };
}

const isReader = (value: unknown): value is object & { connect(mode: number): Promise<Card> } =>
  typeof value === "object" && value !== null && "connect" in value;

/** Methods of what is behind a proxy keep their own `this`. */
function bound(target: object, key: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, key, target);
  return typeof value === "function" ? value.bind(target) : value;
}
