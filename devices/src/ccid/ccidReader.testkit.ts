/** A CCID reader on a line in memory, for tests: what it hears and says goes in pieces of 20 bytes, as over the air. */
import { type Command, decodeCommand, encodeReply, inChunks, type Reply, reassembler } from "@citygas/ccid";
import type { VirtualCard } from "../dialect/cards.testkit.ts";
import type { LineListener } from "../lines/line.ts";
import type { CcidLink } from "./ccidReader.ts";

export interface CardInSlot {
  /** null: it does not answer its reset. */
  atr: string | null;
  card: VirtualCard;
}

export interface VirtualCcid {
  open(listener: LineListener): CcidLink;
  /** Tells of it by itself, unless `quietly`. */
  insert(card: CardInSlot, quietly?: boolean): void;
  remove(quietly?: boolean): void;
  /** Says what is in the slot, and that nothing has changed. */
  tell(): void;
  /** Instead of carrying the next XfrBlock out. */
  next:
    | "silence"
    | "timeExtensions"
    | "endlessTimeExtensions"
    | "lateReplyFirst"
    | "noise"
    | "removed"
    | "slotBusy"
    | "mute"
    | null;
  readonly heard: Command[];
  /** Connections made so far. */
  readonly connections: number;
  /** Longest piece that was written to it. */
  readonly longestWrite: number;
}

const chunkBytes = 20;

export function virtualCcid(): VirtualCcid {
  let listener: LineListener | null = null;
  let inSlot: CardInSlot | null = null;
  let powered = false;
  let isUp = false;
  let longest = 0;
  let connections = 0;
  const heard: Command[] = [];
  const incoming = reassembler("host");

  const say = (bytes: Uint8Array): void => {
    for (const chunk of inChunks(bytes, chunkBytes)) {
      queueMicrotask(() => {
        if (isUp) listener?.bytes(chunk);
      });
    }
  };
  const icc = (): Reply["status"]["icc"] => (inSlot === null ? "absent" : powered ? "active" : "inactive");
  const reply = (
    to: Command,
    body: Pick<Reply, "type"> & Record<string, unknown>,
    error: number | null = null,
  ): void => {
    const status = { icc: icc(), command: error === null ? "ok" : "failed", error: error ?? 0 };
    // The test's own messages are well formed by construction.
    say(encodeReply({ slot: to.slot, seq: to.seq, status, ...body } as Reply));
  };
  const dataBlock = (to: Command, data: Uint8Array, error: number | null = null): void =>
    reply(to, { type: "dataBlock", level: "whole", data }, error);
  const wait = (to: Command): void =>
    say(
      encodeReply({
        type: "dataBlock",
        level: "whole",
        data: new Uint8Array(0),
        slot: to.slot,
        seq: to.seq,
        status: { icc: icc(), command: "wait", error: 1 },
      }),
    );
  const none = new Uint8Array(0);

  const exchange = (command: Command & { type: "xfrBlock" }) => {
    const act = self.next;
    self.next = null;
    switch (act) {
      case "silence":
        return;
      case "endlessTimeExtensions": {
        const again = (): void => {
          if (!isUp) return;
          wait(command);
          setTimeout(again, 5);
        };
        return again();
      }
      case "removed":
        inSlot = null;
        powered = false;
        return dataBlock(command, none, 0xfe);
      case "mute":
        powered = false;
        return dataBlock(command, none, 0xfe);
      case "slotBusy":
        return dataBlock(command, none, 0xe0);
      case "noise":
        return say(Uint8Array.of(0x00, 0x01, 0x02));
      case "timeExtensions":
        for (let i = 0; i < 3; i++) wait(command);
        break;
      case "lateReplyFirst":
        dataBlock({ ...command, seq: (command.seq + 255) & 0xff }, Uint8Array.of(0xba, 0xd0, 0x90, 0x00));
        break;
      case null:
        break;
    }
    if (inSlot === null || !powered) return dataBlock(command, none, 0xfe);
    dataBlock(command, inSlot.card(command.data));
  };

  const obey = (command: Command) => {
    heard.push(command);
    switch (command.type) {
      case "getSlotStatus":
        return reply(command, { type: "slotStatus", clock: 0 });
      case "iccPowerOff":
        powered = false;
        return reply(command, { type: "slotStatus", clock: 1 });
      case "iccPowerOn":
        powered = inSlot !== null && inSlot.atr !== null;
        return powered ? dataBlock(command, Buffer.from(inSlot?.atr ?? "", "hex")) : dataBlock(command, none, 0xfe);
      case "xfrBlock":
        return exchange(command);
      default:
        return dataBlock(command, none, 0x00);
    }
  };

  const connect = (): void => {
    queueMicrotask(() => {
      if (listener === null) return;
      isUp = true;
      connections += 1;
      incoming.reset();
      listener.up();
    });
  };
  const self: VirtualCcid = {
    open: (to) => {
      listener = to;
      connect();
      return {
        send: async (bytes) => {
          if (!isUp) return false;
          for (const chunk of inChunks(bytes, chunkBytes)) {
            longest = Math.max(longest, chunk.length);
            for (const whole of incoming.push(chunk)) {
              const command = decodeCommand(whole);
              if (command !== null) obey(command);
            }
          }
          return true;
        },
        reset: () => {
          if (!isUp) return;
          isUp = false;
          to.down();
          connect();
        },
        close: async () => {
          isUp = false;
          listener = null;
        },
      };
    },
    insert: (card, quietly = false) => {
      inSlot = card;
      powered = false;
      if (!quietly) say(Uint8Array.of(0x50, 0x03));
    },
    remove: (quietly = false) => {
      inSlot = null;
      powered = false;
      if (!quietly) say(Uint8Array.of(0x50, 0x02));
    },
    tell: () => say(Uint8Array.of(0x50, inSlot === null ? 0x00 : 0x01)),
    next: null,
    heard,
    get connections() {
      return connections;
    },
    get longestWrite() {
      return longest;
    },
  };
  return self;
}
