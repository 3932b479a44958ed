/** One small city: a store, servers, gateways, kiosks, a desk, households; its time, its chance, and what went wrong in it. */
import type { Id } from "@citygas/core";
import { attendanceTimers, type TerminalFacts } from "@citygas/server";
import { Rng } from "../chance/rng.ts";
import { Faults, type FaultTable } from "../faults/faults.ts";
import { Checks } from "../invariants/checks.ts";
import type { Invariant, Violation } from "../invariants/violation.ts";
import { type Seam, untouched } from "../sabotage/seam.ts";
import type { ChipKeys } from "./card.ts";
import { Gateway } from "./gateway.ts";
import { type Household, settleIn, unit } from "./household.ts";
import { Kiosk } from "./kiosk.ts";
import { type LinkedHome, moveIn } from "./linkedHome.ts";
import { MeterNet } from "./meterNet.ts";
import { kiosksPerWorld, type Plan } from "./plan.ts";
import { Post } from "./post.ts";
import { openQueries, type WorldQueries } from "./queries.ts";
import { openRows, type WorldRows } from "./rows.ts";
import { type Fiber, Scheduler } from "./scheduler.ts";
import { DatabaseAway, type Server, ServerSeat } from "./server.ts";
import { openWorldStore, type WorldStore } from "./store.ts";
import { openTill, Till } from "./till.ts";

export interface WorldOptions {
  faults: FaultTable;
  /** Only these faults (a trimmed replay); null: all that chance chooses. */
  allowed: ReadonlySet<string> | null;
  seam?: Seam;
  /** Invariants that are not looked at. */
  blind?: ReadonlySet<Invariant>;
  trace: boolean;
  freeze?: boolean;
}

/** 2026-11-23 10:00 in Asia/Shanghai, or ten hours before the tier year ends. */
const startMs = Date.UTC(2026, 10, 23, 2, 0, 0);
const yearEndMs = Date.UTC(2026, 11, 31, 6, 0, 0);
const hour = 3_600_000;
const serversPerWorld = 2;

export class World {
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly seam: Seam;
  readonly store: WorldStore;
  readonly rows: WorldRows;
  readonly gateways: Gateway[] = [new Gateway("wechat"), new Gateway("alipay")];
  readonly seats: ServerSeat[] = [];
  readonly till = new Till();
  readonly terminals: TerminalFacts[] = [];
  readonly kiosks: Kiosk[] = [];
  readonly desk: Kiosk;
  readonly phone: Kiosk;
  readonly households: Household[] = [];
  readonly linked: LinkedHome[] = [];
  readonly meterNet: MeterNet;
  /** A household that buys nothing; its card turns up where it should not. */
  neighbour: Household | null = null;
  readonly cardIds = new Map<string, Id>();
  readonly checks: Checks;
  /** Merchant order numbers: forged successes, and successes after a confirmed close. */
  readonly forged = new Set<string>();
  readonly lateByGateway = new Set<string>();
  readonly tooLate = new Set<string>();
  readonly notFoundOnce = new Set<string>();
  readonly queries: WorldQueries;
  readonly post: Post;
  readonly trace: string[] = [];
  /** Everybody is back and nothing fails any more. */
  calm = false;
  purchases = 0;
  violation: Violation | null = null;
  readonly #options: WorldOptions;
  readonly #start: number;
  #ids = 0;
  #visits = new Map<string, number>();
  readonly #calls = new Map<string, Fiber>();

  constructor(plan: Plan, options: WorldOptions) {
    this.plan = plan;
    this.#options = options;
    this.seam = options.seam ?? untouched;
    this.faults = new Faults(options.faults, options.allowed);
    const weather: Fiber = { name: "world", process: null, rng: Rng.of(`${plan.seed} world`) };
    const drawn = ["priceChanges", "yearChanges", "clocksSkewed"].map(() => this.faults.draw("world", weather));
    this.#start = drawn.includes("yearChanges") ? yearEndMs : startMs;
    if (drawn.includes("yearChanges")) this.faults.hit("yearChanges");
    this.scheduler = new Scheduler(this.#start);
    this.store = openWorldStore({ freeze: options.freeze ?? false });
    this.rows = openRows(this.store);
    this.checks = new Checks(this);
    this.queries = openQueries(this.store, this.rows);
    this.post = new Post(this);
    this.meterNet = new MeterNet(this);
    this.priceChangeAt = drawn.includes("priceChanges") ? this.#start + weather.rng.int(1, 8) * hour : null;
    if (this.priceChangeAt !== null) this.faults.hit("priceChanges");
    const skewed = drawn.includes("clocksSkewed");
    if (skewed) this.faults.hit("clocksSkewed");
    for (let index = 1; index <= serversPerWorld; index++)
      this.seats.push(new ServerSeat(this, `server-${index}`, skewed ? weather.rng.int(-2_000, 2_000) : 0));
    for (let index = 1; index <= kiosksPerWorld; index++)
      this.kiosks.push(this.addTerminal({ id: `kiosk-${index}`, name: `自助终端${index}`, kind: "kiosk", unit }));
    this.desk = this.addTerminal({ id: "desk-1", name: "营业厅", kind: "desk", unit });
    this.phone = this.addTerminal({ id: "phone-1", name: "手机", kind: "phone", unit });
    // Named first, here and elsewhere: README, "What is in a world".
    const wakeAll = (dueAt: number): void => {
      for (const seat of this.seats) seat.wake(dueAt);
    };
    this.store.onTasks = wakeAll;
  }

  readonly priceChangeAt: number | null;

  addTerminal(facts: TerminalFacts): Kiosk {
    this.terminals.push(facts);
    return new Kiosk(this, facts);
  }

  /** Registers everybody and starts the servers. */
  async begin(): Promise<void> {
    for (const [index, plan] of this.plan.households.entries()) {
      const { card } = plan;
      if (card === null) this.linked.push(await moveIn(this, plan, this.priceChangeAt));
      else this.households.push(await settleIn(this, { ...plan, card }, index, this.priceChangeAt));
    }
    const nobody = {
      name: "neighbour",
      card: "B" as const,
      counts: "volume" as const,
      balanceFen: 0,
      debtFen: 0,
      later: false,
      visits: [],
    };
    this.neighbour = await settleIn(this, nobody, 90, null);
    await openTill(this);
    const check: WorldStore["onCommit"] = (transition, before) => this.checks.committed(transition, before);
    this.store.onCommit = check;
    for (const seat of this.seats) seat.boot();
  }

  everybody(): Household[] {
    return this.neighbour === null ? this.households : [...this.households, this.neighbour];
  }

  rng(name: string): Rng {
    return Rng.of(`${this.plan.seed} ${name}`);
  }

  spawn(fiber: Fiber, run: () => Promise<void>, afterMs = 0): void {
    this.scheduler.spawn(fiber, run, (error) => this.broke(fiber.name, error), afterMs);
  }

  newId(): Id {
    this.#ids += 1;
    return `00000000-0000-8000-8000-${String(this.#ids).padStart(12, "0")}`;
  }

  /** Names a stay at a terminal by the planned visit it belongs to, so that leaving out another one changes no name. */
  nextStay({ plan, visit }: Pick<Household, "plan" | "visit">): string {
    const planned = `${plan.name} visit ${visit}`;
    const next = (this.#visits.get(planned) ?? 0) + 1;
    this.#visits.set(planned, next);
    return `${planned}.${next}`;
  }

  /** A call about one order: the chance of what becomes of it is the order's own, whoever makes the call. */
  callAbout(no: string, what: string): Fiber {
    const name = `${what} of ${no}`;
    let fiber = this.#calls.get(name);
    if (fiber === undefined) {
      fiber = { name, process: null, rng: this.rng(name) };
      this.#calls.set(name, fiber);
    }
    return fiber;
  }

  someServer(rng: Rng): Server | null {
    const first = rng.u32() % this.seats.length;
    return this.seats[first]?.server ?? this.seats[(first + 1) % this.seats.length]?.server ?? null;
  }

  /** By the clock of the server that heard it; null: a desk or a phone, which nobody misses. */
  heardAt(terminalId: Id): number | null {
    const at = this.kiosks.find(({ name }) => name === terminalId)?.heardAt();
    if (at === undefined) return null;
    return at + (this.seats[(at / attendanceTimers.writtenEveryMs) % this.seats.length]?.clockMs ?? 0);
  }

  serverTime(name: string, at: number): number {
    return at + (this.seats.find((seat) => seat.name === name)?.clockMs ?? 0);
  }

  kioskAt(index: number): Kiosk {
    const kiosk = this.kiosks[index % this.kiosks.length];
    if (kiosk === undefined) throw new Error("no kiosk");
    return kiosk;
  }

  /** What opens the chip of this card after its secret was changed `version` times. */
  keysOf(cardNumber: string, version: number): ChipKeys {
    const change = ((0xa1 + version) & 0xff).toString(16).padStart(2, "0");
    return {
      secretHex: `${change}b2${cardNumber.slice(-2)}`,
      sealKey: Buffer.from(`key of ${cardNumber.slice(-9)}`),
      proofKey: Buffer.from(`key in ${cardNumber.slice(-9)}`),
    };
  }

  customerFacts(accountId: Id): Household["customer"] | undefined {
    const isTheirs = (each: { accountId: Id }): boolean => each.accountId === accountId;
    const found = (this.everybody().find(isTheirs) ?? this.linked.find(isTheirs))?.customer;
    if (found === undefined || found.debts.length === 0) return found;
    return { ...found, debts: found.debts.filter(({ id }) => !this.rows.settled.has(id)) };
  }

  say(words: () => string): void {
    if (!this.#options.trace) return;
    const ms = this.scheduler.now - this.#start;
    const clock = new Date(ms).toISOString().slice(8, 23);
    this.trace.push(`day ${Number(clock.slice(0, 2)) - 1} ${clock.slice(3)}  ${words()}`);
  }

  /** The first violation ends the world. */
  violate(invariant: Invariant, text: string): void {
    if (this.violation !== null || this.#options.blind?.has(invariant)) return;
    this.violation = { invariant, text, atMs: this.scheduler.now - this.#start };
    this.say(() => `VIOLATION ${invariant}: ${text}`);
  }

  broke(where: string, error: unknown): void {
    if (error instanceof DatabaseAway) return;
    this.violate("threw", `${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  /** What services write into their error log: an error that is none of the world's making is a broken promise. */
  readonly logged = (line: unknown): void => {
    const error = typeof line === "object" && line !== null && "err" in line ? line.err : null;
    if (error === null || error instanceof DatabaseAway) return;
    if (error instanceof Error && error.message === "purchase changed under every try") return;
    this.broke("logged", error);
  };
}
