import { listenSingleClient } from "../../net/single-client-server.ts";
import type { ReaderSlot } from "../slot.ts";
import { type CrtFaults, crtMachine } from "./machine.ts";
import type { MotorState } from "./motor.ts";

/** A motorised reader's serial line, brought over TCP as such lines are. */
export interface CrtServer {
  readonly port: number;
  readonly state: MotorState;
  /** The slot has changed. */
  announce(): void;
  close(): Promise<void>;
}

/** `port`: 0: any. @throws where it is taken: whoever is to use the reader was told that one. */
export async function serveCrt(
  slot: Pick<ReaderSlot, "state" | "card" | "exchange" | "remove">,
  port: number,
  faults: CrtFaults,
  moved: () => void,
): Promise<CrtServer> {
  const machine = crtMachine({ slot, faults, moved, powerLost: () => server.drop() });
  const server = await listenSingleClient(port, {
    connected: (send) => {
      machine.connected();
      return {
        data: (chunk) => {
          machine.feed(chunk, send);
          return "keep";
        },
      };
    },
  });
  if (port !== 0 && server.port !== port) {
    await server.close();
    throw new Error(`port ${port} of a motorised reader is taken`);
  }
  return {
    port: server.port,
    get state() {
      return machine.state;
    },
    announce: machine.slotChanged,
    close: () => server.close(),
  };
}
