/**
 * One server of the centre: the production services with a process of its own. Between it and everything outside stand
 * ports that may fail at every call: before it, after it, or slowly. A process that dies loses what was in its memory
 * (payments in flight, what it was about to do) and starts again a little later.
 */
import type { Id } from "@citygas/core";
import { cpuCryptogram, cpuMac, sameBytes } from "@citygas/gascard";
import {
  attendanceTimers,
  type Callbacks,
  type Decisions,
  grantOf,
  meterKinds,
  moneyKinds,
  newPayments,
  openCallbacks,
  openDecisions,
  type Payments,
  purchaseKinds,
  replaceKind,
  type SaleContext,
  type Store,
  type TaskRunner,
  taskRunner,
} from "@citygas/server";
import type { FaultAt } from "../faults/kinds.ts";
import { openChannel } from "./channel.ts";
import type { Fiber, Hold, Process } from "./scheduler.ts";
import type { World } from "./world.ts";

/** The database stayed away longer than the server waits. */
export class DatabaseAway extends Error {
  constructor() {
    super("the database is away");
    this.name = "DatabaseAway";
  }
}

export interface Server {
  readonly name: string;
  readonly process: Process;
  readonly sale: SaleContext;
  readonly payments: Payments;
  /** Made when the first proposal comes: most servers of this world see none. */
  decisions(): Decisions;
  /** For one message: what it began is drained by the strand that brought it. */
  callbacks(): Callbacks;
}

/** Who did what is kept for auditors; nothing here reads it. */
const noAudit = { append: async () => undefined };
/** A worker with nothing to do. */
interface Sleeper {
  /** When it looks whether something is due. */
  until: number;
  hold: Hold<void>;
}

const workersPerServer = 2;
const rebootMs = 3_000;

/** A server's place: whoever runs there now, and its clock. */
export class ServerSeat {
  readonly name: string;
  /** Added to true time. */
  clockMs: number;
  #world: World;
  #boots = 0;
  #server: Server | null = null;
  #sleepers: Sleeper[] = [];

  constructor(world: World, name: string, clockMs: number) {
    this.#world = world;
    this.name = name;
    this.clockMs = clockMs;
  }

  /** null while it is down. */
  get server(): Server | null {
    return this.#server;
  }

  boot(): void {
    const world = this.#world;
    this.#boots += 1;
    const process: Process = { name: `${this.name}.${this.#boots}`, alive: true };
    const payments = newPayments();
    const link = databaseLink(world, this);
    const sale = contextOf(world, this, process, payments, link);
    const notifications = overEach(world.rows.notificationRows, link.read);
    let decisions: Decisions | null = null;
    this.#server = {
      name: this.name,
      process,
      sale,
      payments,
      decisions: () => {
        const kinds = [...purchaseKinds(sale), ...moneyKinds(sale), ...meterKinds(sale), replaceKind];
        decisions ??= world.seam.decisions(openDecisions(sale, noAudit, kinds));
        return decisions;
      },
      callbacks: () => openCallbacks(sale, payments, notifications),
    };
    // One task at a time per worker: a worker is one strand.
    const runner = taskRunner(
      { ...sale, store: { ...sale.store, claim: (now, _, ms) => sale.store.claim(now, 1, ms) } },
      payments,
    );
    for (let worker = 1; worker <= workersPerServer; worker++) {
      const name = `${process.name} worker ${worker}`;
      world.spawn({ name, process, rng: world.rng(name) }, () => this.#work(runner, payments), worker * 7);
    }
  }

  die(): void {
    if (this.#server === null) return;
    this.#world.say(() => `${this.name} dies`);
    this.#server.process.alive = false;
    this.#server = null;
    this.#sleepers = [];
    this.#world.scheduler.at(rebootMs, () => this.boot());
  }

  /**
   * A task may be due at this time (server's time). One worker that would sleep longer wakes then; where there is none,
   * all who sleep look before that time anyway, and see then what is due next.
   */
  wake(dueAt: number): void {
    const at = dueAt - this.clockMs;
    const sleeper = this.#sleepers.find(({ until }) => at < until);
    if (sleeper === undefined) return;
    this.#looksAt(sleeper, at, 20);
  }

  /** It wakes when something is due then, and else sleeps on: another worker was there first, or a task was dropped. */
  #looksAt(sleeper: Sleeper, until: number, lateMs = 0): void {
    sleeper.until = until;
    if (until === Number.POSITIVE_INFINITY) return;
    const { scheduler } = this.#world;
    scheduler.at(Math.max(0, until - scheduler.now) + lateMs, () => {
      // Looks at another time by now, is awake, or is gone with its process.
      if (sleeper.until !== until || !this.#sleepers.includes(sleeper)) return;
      const due = this.#nextLook();
      if (due > scheduler.now) return this.#looksAt(sleeper, due);
      this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
      sleeper.hold.release();
    });
  }

  /** When a task may be due, in true time. */
  #nextLook(): number {
    const due = this.#world.store.nextDueAt();
    return due === null ? Number.POSITIVE_INFINITY : due - this.clockMs;
  }

  /** What production's polls would have found while nothing was due: that the database is there. */
  #polled({ attendance }: Payments, since: number): void {
    const { now } = this.#world.scheduler;
    const { goneMs, pauseMs } = attendanceTimers;
    for (let at = Math.max(since, now - goneMs - 3 * pauseMs); at <= now; at += pauseMs - 1_000)
      attendance.awake(at + this.clockMs);
  }

  async #work(runner: TaskRunner, payments: Payments): Promise<void> {
    const { scheduler } = this.#world;
    for (;;) {
      if ((await runner.runDue()) > 0) continue;
      const since = scheduler.now;
      const sleeper: Sleeper = { until: Number.POSITIVE_INFINITY, hold: scheduler.hold<void>() };
      this.#sleepers.push(sleeper);
      this.#looksAt(sleeper, Math.max(this.#nextLook(), since + 100));
      await sleeper.hold.promise;
      this.#polled(payments, since);
    }
  }
}

function contextOf(
  world: World,
  seat: ServerSeat,
  process: Process,
  payments: Payments,
  link: DatabaseLink,
): SaleContext {
  const guarded = <T extends object>(rows: T): T => overEach(rows, (call) => link.read(call));
  const { cardRows, purchaseRows, taskRows, bindRows } = world.rows;
  const db = guarded(world.queries.pool);
  const now = (): number => world.scheduler.now + seat.clockMs;
  const log = { info: () => undefined, warn: () => undefined, debug: () => undefined, error: world.logged };
  return world.seam.context(
    {
      store: link.store,
      cardRows: guarded(cardRows),
      purchaseRows: guarded(purchaseRows),
      taskRows: guarded(taskRows),
      bindRows,
      db,
      grantOf: (purchase) => grantOf({ db, now }, purchase),
      terminalSeenAt: (id) => link.read(async () => world.heardAt(id)),
      now,
      newId: () => world.newId(),
      random: (length) => world.scheduler.fiber().rng.bytes(length),
      channels: new Map(
        world.gateways.map((gateway) => [
          gateway.name,
          world.seam.channel(openChannel(world, gateway, process, payments), gateway, world),
        ]),
      ),
      keys: {
        cardSecret: async (number, secret) => world.keysOf(number, secret?.version ?? 0).secretHex,
        seals: () => true,
        cardMac: async (number, cipher, challenge, input) =>
          cpuMac(cipher, world.keysOf(number, 0).sealKey, challenge, input),
        cardProves: async (number, cipher, challenge, answer) =>
          sameBytes(cpuCryptogram(cipher, world.keysOf(number, 0).proofKey, challenge), answer),
      },
      registry: {
        customer: async (id: Id) => world.customerFacts(id),
        cardIdByNumber: async (number: string) => world.cardIds.get(number),
        terminal: async (id: Id) => world.terminals.find((each) => each.id === id),
      },
      // Of pino's logger the services use four methods.
      log: log as unknown as SaleContext["log"],
      settings: {
        publicUrl: "http://city",
        finishMs: 30 * 60_000,
        idleMs: 60_000,
        scriptMs: 60_000,
        debts: "rows",
        production: false,
      },
      committed: () => undefined,
      meterLink: world.seam.meterLink(world.meterNet, world),
    },
    world,
  );
}

/** Every method of `rows` through `through`. */
function overEach<T extends object>(rows: T, through: <R>(call: () => Promise<R>) => Promise<R>): T {
  const wrapped = Object.entries(rows).map(([name, method]) => {
    const called = (...args: unknown[]) => through(() => (method as (...a: unknown[]) => Promise<unknown>)(...args));
    return [name, called] as const;
  });
  // The same methods with the same arguments: only the way there differs.
  return Object.fromEntries(wrapped) as T;
}

interface DatabaseLink {
  store: Store;
  read<R>(call: () => Promise<R>): Promise<R>;
}

function databaseLink(world: World, seat: ServerSeat): DatabaseLink {
  const { scheduler, faults } = world;
  const base = world.seam.store(world.store, world);
  const die = (): Promise<never> => {
    seat.die();
    return scheduler.halt();
  };
  const read = <R>(call: () => Promise<R>): Promise<R> => {
    const fiber = scheduler.fiber();
    const fault = world.calm ? null : faults.draw<FaultAt<"read">>("read", fiber);
    return fault === null ? call() : failing(fault, fiber, call);
  };
  const failing = async <R>(fault: FaultAt<"read">, { rng }: Fiber, call: () => Promise<R>): Promise<R> => {
    faults.hit(fault);
    switch (fault) {
      case "serverDiesReading":
        return await die();
      case "readFails":
        throw new DatabaseAway();
      case "readSlow":
        await scheduler.pause(rng.int(200, 4_000));
        return await call();
    }
  };
  const commit: Store["commit"] = async (transition) => {
    const fiber = scheduler.fiber();
    const fault = world.calm ? null : faults.draw<FaultAt<"commit">>("commit", fiber);
    await scheduler.pause(fault === "databaseSlow" ? fiber.rng.int(500, 9_000) : fiber.rng.int(1, 9));
    switch (fault) {
      case "serverDiesBeforeCommit":
        faults.hit(fault);
        return await die();
      case "databaseAway":
        faults.hit(fault);
        await scheduler.pause(15_000);
        throw new DatabaseAway();
      case "commitRequestLost":
        faults.hit(fault);
        await scheduler.pause(fiber.rng.int(20, 3_000));
        break;
      case "databaseSlow":
        faults.hit(fault);
        break;
      default:
    }
    const result = await base.commit(transition);
    switch (fault) {
      case "serverDiesAfterCommit":
        faults.hit(fault);
        return await die();
      case "commitAnswerLost": {
        faults.hit(fault);
        await scheduler.pause(fiber.rng.int(20, 3_000));
        // Sent again with its event id: what is there already is this server's own work.
        const again = await base.commit(transition);
        return result.kind === "done" && again.kind === "replay" ? { kind: "done" } : again;
      }
      default:
        return result;
    }
  };
  const store: Store = {
    ...base,
    commit,
    load: (refs) => read(() => base.load(refs)),
    events: (subject) => read(() => base.events(subject)),
    finish: (task) => read(() => base.finish(task)),
    retry: (task, dueAt) => read(() => base.retry(task, dueAt)),
    claim: async (now, limit, leaseMs) => {
      const tasks = await base.claim(now, limit, leaseMs);
      if (tasks.length === 0 || world.calm) return tasks;
      const fiber = scheduler.fiber();
      const fault = faults.draw<FaultAt<"task">>("task", fiber);
      if (fault !== null) faults.hit(fault);
      if (fault === "serverStalls") await scheduler.pause(fiber.rng.int(31_000, 90_000));
      if (fault === "clockJumps") seat.clockMs += fiber.rng.int(-1_500, 1_500);
      return tasks;
    },
  };
  return { store, read };
}

/** A strand of a server that answers one request. */
export const requestFiber = (server: Server, from: Fiber, what: string): Fiber => ({
  name: `${from.name} ${what}`,
  process: server.process,
  rng: from.rng.fork(what),
});
