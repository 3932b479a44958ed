/**
 * What gateways write by themselves (facts/payments.md §1.3, §2.1), and its way to the servers: lost, late, doubled,
 * overtaken. A message tells what was so when it was written. WeChat Pay tells of orders that are paid and of refunds,
 * Alipay of every change of a trade, and of a refund only that there was one. What a server does with it is production's
 * own; that the bytes are the gateway's is proved elsewhere, so a letter here is its number.
 */
import type { Instant } from "@citygas/core";
import type { NotificationDoor, NotificationRead } from "@citygas/gateways";
import type { FaultAt } from "../faults/kinds.ts";
import { paidOf } from "./channel.ts";
import type { Gateway, News, Trade } from "./gateway.ts";
import type { Fiber } from "./scheduler.ts";
import { DatabaseAway, requestFiber, type Server } from "./server.ts";
import type { World } from "./world.ts";

interface Letter {
  gateway: Gateway;
  no: string;
  read: Exclude<NotificationRead, { kind: "refused" }>;
  /** A chance of its own, named by its order. */
  fiber: Fiber;
  /** Not before: the gateway is still at it. */
  notBefore: () => Instant;
}

const patienceMs = 8_000;
/** When the gateway writes again; both give up after about a day. */
const againAfterMs = [15_000, 15_000, 30_000, 180_000, 600_000, 1_800_000, 3_600_000, 21_600_000];
const janitorMs = 30_000;
const minute = 60_000;
const hour = 60 * minute;

export class Post {
  readonly #world: World;
  readonly #letters = new Map<string, Letter["read"]>();
  /** Order → how many messages it had, and one that waits until the next has gone. */
  readonly #written = new Map<string, number>();
  readonly #held = new Map<string, () => void>();
  #cleaning = false;

  constructor(world: World) {
    this.#world = world;
    for (const gateway of world.gateways) {
      // Named first, as in world.ts.
      const tell: Gateway["tell"] = (trade, news) => this.#write(gateway, trade, news);
      gateway.tell = tell;
    }
  }

  readonly door: NotificationDoor = {
    read: ({ body }) => this.#letters.get(String(body)) ?? { kind: "refused", why: "malformed" },
    answer: (taken) => ({ status: taken ? 200 : 500, contentType: "text/plain", body: "" }),
  };

  #write(gateway: Gateway, trade: Trade, news: News): void {
    const world = this.#world;
    const { outTradeNo: no } = trade;
    const says = told(gateway, trade, news);
    if (says === null) return;
    const count = (this.#written.get(no) ?? 0) + 1;
    this.#written.set(no, count);
    const name = `${gateway.name} writes ${count} of ${no}`;
    const fiber: Fiber = { name, process: null, rng: world.rng(name) };
    const id = `${no} ${count}`;
    const letter: Letter = { gateway, no, fiber, read: { id, ...says }, notBefore: () => trade.processingUntil };
    const fault = world.calm ? null : world.faults.draw<FaultAt<"notice">>("notice", fiber);
    const inMs = fiber.rng.int(100, 3_000);
    if (fault === "noticeOvertaken" && news.kind === "paid") {
      this.#hold(letter, inMs);
      return;
    }
    this.#send(letter, fault, inMs);
    const held = this.#held.get(no);
    if (held === undefined) return;
    this.#held.delete(no);
    world.scheduler.at(inMs + 2_000, held);
  }

  /** Until the trade's next message has gone; where there is none it comes late. */
  #hold(letter: Letter, inMs: number): void {
    const { scheduler, faults } = this.#world;
    const { no } = letter;
    const overtaken = (): void => {
      faults.hit("noticeOvertaken");
      this.#send(letter, null, 0);
    };
    this.#held.set(no, overtaken);
    scheduler.at(inMs + hour, () => {
      if (this.#held.get(no) !== overtaken) return;
      this.#held.delete(no);
      this.#send(letter, null, 0);
    });
  }

  #send(letter: Letter, fault: FaultAt<"notice"> | null, inMs: number): void {
    const { faults, seats } = this.#world;
    const { fiber, no } = letter;
    const { rng } = fiber;
    if (fault !== null && fault !== "noticeOvertaken" && fault !== "noticeDiesWithServer") {
      faults.hit(fault);
      this.#world.say(() => `gateway ${letter.gateway.name}: ${fault} (${no.slice(-6)}, ${letter.read.kind})`);
    }
    switch (fault) {
      case "noticeLost":
        break;
      case "noticeLate":
        this.#bring(letter, rng.int(5 * minute, 6 * hour));
        break;
      case "noticeBeforeAnswer":
        this.#bring(letter, rng.int(1, 15));
        break;
      case "noticeTwice":
        this.#bring(letter, inMs);
        this.#bring(letter, inMs + rng.int(1_000, 20_000));
        break;
      case "noticeAtBoth":
        for (const seat of seats) this.#bring(letter, inMs, () => seat.server);
        break;
      case "noticeManyIds":
        for (const part of ["a", "b", "c"])
          this.#bring({ ...letter, read: { ...letter.read, id: `${letter.read.id} ${part}` } }, inMs + rng.int(0, 20));
        break;
      default:
        this.#bring(letter, inMs, null, fault === "noticeDiesWithServer");
    }
  }

  /** To some server, or to this one; again by the gateway's own schedule until it was taken. */
  #bring(letter: Letter, inMs: number, to: (() => Server | null) | null = null, diesOverIt = false): void {
    const world = this.#world;
    const { fiber } = letter;
    this.#letters.set(letter.read.id, letter.read);
    const later = { ...fiber, rng: fiber.rng.fork(letter.read.id) };
    const run = async (): Promise<void> => {
      const { scheduler } = world;
      const waitMs = letter.notBefore() - scheduler.now;
      if (waitMs > 0) await scheduler.pause(waitMs);
      for (const againMs of againAfterMs) {
        const server = to?.() ?? world.someServer(later.rng);
        if (server !== null && (await this.#give(letter, later, server, diesOverIt))) return;
        world.faults.hit("noticeNotTaken");
        await scheduler.pause(againMs);
      }
    };
    world.spawn(later, run, inMs);
  }

  async #give({ gateway, read }: Letter, fiber: Fiber, server: Server, diesOverIt: boolean): Promise<boolean> {
    const world = this.#world;
    const { scheduler } = world;
    const answered = scheduler.hold<boolean>();
    answered.release(false, patienceMs);
    world.spawn(
      requestFiber(server, fiber, "notice"),
      async () => {
        const callbacks = server.callbacks();
        try {
          const reply = await callbacks.take(gateway.name, { headers: {}, body: Buffer.from(read.id) });
          answered.release(reply?.status === 200, 2);
        } catch (error) {
          if (!(error instanceof DatabaseAway)) world.broke("a gateway's message", error);
          answered.release(false, 2);
        }
        await callbacks.drain();
      },
      2,
    );
    const taken = await answered.promise;
    const isLeft = world.rows.untold.has(read.id);
    if (isLeft && taken && diesOverIt) {
      world.faults.hit("noticeDiesWithServer");
      world.seats.find(({ name }) => name === server.name)?.die();
    }
    if (isLeft) this.#clean();
    return taken;
  }

  /** Every server's janitor looks, for as long as something lies there. */
  #clean(): void {
    const world = this.#world;
    if (this.#cleaning) return;
    this.#cleaning = true;
    world.scheduler.at(janitorMs, () => {
      this.#cleaning = false;
      if (world.rows.untold.size === 0) return;
      for (const { server } of world.seats) if (server !== null) this.#sweep(server);
      this.#clean();
    });
  }

  #sweep(server: Server): void {
    const world = this.#world;
    const name = `${server.name} janitor ${world.scheduler.now}`;
    world.spawn({ name, process: server.process, rng: world.rng(name) }, async () => {
      try {
        await server.callbacks().sweep();
      } catch (error) {
        world.broke("the janitor", error);
      }
    });
  }
}

type Says<T> = T extends { id: string } ? Omit<T, "id"> : never;

/** null: this gateway writes nothing of it. */
function told(gateway: Gateway, trade: Trade, news: News): Says<NotificationRead> | null {
  const { outTradeNo } = trade;
  if (gateway.name === "wechat") {
    if (news.kind === "refund") return { ...news, outTradeNo };
    return news.kind === "paid" && trade.isOrder ? { kind: "payment", outTradeNo, outcome: paidOf(trade) } : null;
  }
  switch (news.kind) {
    case "waiting":
      return { kind: "payment", outTradeNo, outcome: { kind: "inProgress", verified: true } };
    case "paid":
      return { kind: "payment", outTradeNo, outcome: paidOf(trade) };
    case "closed":
      return { kind: "payment", outTradeNo, outcome: { kind: "closed", verified: true } };
    case "refund":
      if (news.outcome.kind !== "done") return null;
      return { ...news, outTradeNo, amountFen: null, outcome: { kind: "processing" } };
  }
}
