/**
 * A kiosk: reader, journal on a disk, requests to any server. Runs the terminal's own executor and keeps its own journal;
 * the order of things follows the kiosk agent's flow. What customers do with it is in `visit.ts`.
 */
import type { CardScript, ScriptReport } from "@citygas/gascard";
import { attendanceTimers, endSession, sealCommand, type TerminalFacts, takeReport } from "@citygas/server";
import { type JournalEntry, runScript, type ScriptRun, type ServerClock, serverClock } from "@citygas/terminal";
import type { FaultAt } from "../faults/kinds.ts";
import { type CardReader, type PhysicalCard, readerOf } from "./card.ts";
import { Disk } from "./disk.ts";
import type { Hold, Process } from "./scheduler.ts";
import { DatabaseAway, requestFiber, type Server } from "./server.ts";
import type { World } from "./world.ts";

export type Answer<T> =
  | { ok: true; value: T }
  | { ok: false; kind: "problem"; error: { code: string } }
  | { ok: false; kind: "unreachable" };
type ServiceResult<T> = { ok: true; value: T } | { ok: false; error: { code: string } };

const patienceMs = 8_000;

export class Kiosk {
  readonly terminal: TerminalFacts;
  readonly name: string;
  readonly disk = new Disk();
  process: Process;
  slot: { card: PhysicalCard; powerUpId: string; sessionId: string | null } | null = null;
  clock: ServerClock;
  reader: CardReader;
  /** Out of service until then (no disk, no power). */
  #world: World;
  #boots = 1;
  #bootedAt = 0;
  #powerUps = 0;
  #keys = 0;
  /** When its monotonic clock began. */
  #zero = 0;
  #offlineUntil = 0;
  /** It says nothing since then; null: it is there. And when its last silence ended. */
  #silentSince: number | null = null;
  #silentUntil = Number.NEGATIVE_INFINITY;
  /** Somebody stands before it. */
  #taken = false;
  #queue: Hold<void>[] = [];
  /** Whoever waits for the visit at this kiosk to end. */
  visitor: Hold<"ended" | "died"> | null = null;
  #sending = false;

  constructor(world: World, terminal: TerminalFacts) {
    this.#world = world;
    this.terminal = terminal;
    this.name = terminal.id;
    this.process = { name: `${this.name}.1`, alive: true };
    this.clock = this.#newClock();
    this.reader = world.seam.reader(readerOf(world, this), this, world);
  }

  /** A kiosk's monotonic clock has its own zero. */
  #newClock(): ServerClock {
    const { scheduler } = this.#world;
    this.#zero = scheduler.now;
    return this.#world.seam.kioskClock(
      serverClock(() => scheduler.now - this.#zero),
      () => scheduler.now,
    );
  }

  /** When its last heartbeat was written down, true time: it speaks every 5 s, and one word in 8 s is. */
  heardAt(): number {
    const at = this.#silence() ?? this.#world.scheduler.now;
    return at - (at % attendanceTimers.writtenEveryMs);
  }

  /** Also where it came back just now. */
  wasSilentLately(): boolean {
    const { now } = this.#world.scheduler;
    return this.#silence() !== null || now - this.#silentUntil < attendanceTimers.goneMs;
  }

  #silence(): number | null {
    const { now } = this.#world.scheduler;
    if (this.#silentSince !== null && this.process.alive && now >= this.#offlineUntil) {
      this.#silentUntil = Math.max(this.#offlineUntil, this.#bootedAt);
      this.#silentSince = null;
    }
    return this.#silentSince;
  }

  /** Waits for one's turn. */
  async enter(): Promise<void> {
    if (this.#taken) {
      const hold = this.#world.scheduler.hold<void>();
      this.#queue.push(hold);
      await hold.promise;
    }
    this.#taken = true;
  }

  leave(): void {
    this.#taken = false;
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#taken = true;
    next.release(undefined, 500);
  }

  insert(card: PhysicalCard): void {
    if (this.slot !== null) throw new Error("the slot is taken");
    this.#powerUps += 1;
    card.chip.powerOff();
    this.slot = { card, powerUpId: `${this.process.name}-${this.#powerUps}`, sessionId: null };
    this.#world.say(() => `${card.label} into ${this.name}`);
    this.#world.checks.inserted(this.slot.powerUpId, card);
  }

  /** The card leaves the reader; its power-up is over. */
  takeCardOut(): PhysicalCard | null {
    const card = this.slot?.card ?? null;
    if (this.slot === null || card === null) return null;
    card.chip.powerOff();
    this.#world.say(() => `${card.label} out of ${this.name}`);
    this.slot = null;
    return card;
  }

  /** The process dies with all it had in memory; reader and card lose power. */
  powerCut(forMs = 20_000): void {
    this.#world.say(() => `${this.name} loses power`);
    this.process.alive = false;
    this.#silentSince ??= this.#world.scheduler.now;
    this.slot?.card.chip.powerOff();
    const visitor = this.visitor;
    this.visitor = null;
    visitor?.release("died");
    this.#world.scheduler.at(this.#world.calm ? 1_000 : forMs, () => this.#boot());
  }

  #boot(): void {
    this.#boots += 1;
    this.#bootedAt = this.#world.scheduler.now;
    this.process = { name: `${this.name}.${this.#boots}`, alive: true };
    this.clock = this.#newClock();
    this.#sending = false;
    this.#world.checks.journalReopened(this, this.disk.reopen());
    if (this.slot !== null) {
      // The motor pushes out what lies in the slot; the customer takes it.
      this.slot = null;
    }
    const name = `${this.process.name} boot`;
    this.#world.spawn({ name, process: this.process, rng: this.#world.rng(name) }, () => this.sendReports());
  }

  /** Resolves when the entry is on the disk. */
  async journal(entry: JournalEntry): Promise<void> {
    const { faults, scheduler, seam } = this.#world;
    const fiber = scheduler.fiber();
    const fault = this.#world.calm ? null : faults.draw<FaultAt<"journal">>("journal", fiber);
    if (fault === "journalFull") {
      faults.hit(fault);
      this.powerCut();
      return await scheduler.halt();
    }
    if (fault === "powerCutAtJournal") {
      faults.hit(fault);
      this.disk.tear(entry, fiber.rng.int(0, 1000));
      this.powerCut();
      return await scheduler.halt();
    }
    if (seam.skipsSync) {
      this.disk.unsynced.push(entry);
      return;
    }
    this.disk.sync(entry);
  }

  /** One request to any server, asked again until it is answered or `forMs` is over. The key stays the same. */
  async ask<T>(what: string, forMs: number, call: (server: Server) => Promise<ServiceResult<T>>): Promise<Answer<T>> {
    const { scheduler } = this.#world;
    const until = scheduler.now + forMs;
    let waitMs = 300;
    for (;;) {
      const answer = await this.#once(what, call);
      if (answer.ok || answer.kind === "problem") {
        const code = answer.ok ? null : answer.error.code;
        if (code !== "server.unavailable") return answer;
      }
      if (scheduler.now + waitMs > until) return { ok: false, kind: "unreachable" };
      await scheduler.pause(waitMs);
      waitMs = Math.min(waitMs * 2, 8_000);
    }
  }

  newKey(): string {
    this.#keys += 1;
    return `${this.process.name} ${this.#keys}`;
  }

  async #once<T>(what: string, call: (server: Server) => Promise<ServiceResult<T>>): Promise<Answer<T>> {
    const { scheduler, faults, calm } = this.#world;
    const fiber = scheduler.fiber();
    const server = this.#world.someServer(fiber.rng);
    const fault = calm ? null : faults.draw<FaultAt<"request">>("request", fiber);
    if (fault === "terminalOffline") {
      faults.hit(fault);
      this.#silence();
      this.#silentSince ??= scheduler.now;
      this.#offlineUntil = scheduler.now + fiber.rng.int(5_000, 120_000);
    }
    if (server === null || (scheduler.now < this.#offlineUntil && !calm)) {
      await scheduler.pause(2_000);
      return { ok: false, kind: "unreachable" };
    }
    const askedAt = scheduler.now;
    const hold = scheduler.hold<Answer<T>>();
    hold.release({ ok: false, kind: "unreachable" }, patienceMs);
    const oneWay = fiber.rng.int(2, 30);
    const arrive = (afterMs: number, answered: ((answer: Answer<T>) => void) | null): void => {
      const strand = requestFiber(server, fiber, what);
      this.#world.spawn(
        strand,
        async () => {
          const answer = await this.#serve(server, call);
          answered?.(answer);
        },
        afterMs,
      );
    };
    const back = (answer: Answer<T>): void => hold.release(answer, oneWay);
    if (fault !== null && fault !== "terminalOffline") {
      faults.hit(fault);
      this.#world.say(() => `${fault}: ${what} of ${this.name}`);
    }
    switch (fault) {
      case "requestLost":
        break;
      case "answerLost":
        arrive(oneWay, null);
        break;
      case "requestTwice":
        arrive(oneWay, back);
        arrive(fiber.rng.int(50, 20_000), null);
        break;
      case "requestLate":
        arrive(fiber.rng.int(patienceMs, 90_000), null);
        break;
      default:
        arrive(oneWay, back);
    }
    const answer = await hold.promise;
    const served = this.#world.serverTime(server.name, askedAt);
    if (answer.ok) this.clock.observe(askedAt - this.#zero, scheduler.now - this.#zero, served);
    return answer;
  }

  async #serve<T>(server: Server, call: (server: Server) => Promise<ServiceResult<T>>): Promise<Answer<T>> {
    try {
      const result = await call(server);
      return result.ok ? result : { ok: false, kind: "problem", error: result.error };
    } catch (error) {
      if (!(error instanceof DatabaseAway)) this.#world.broke("a service threw", error);
      return { ok: false, kind: "unreachable" };
    }
  }

  /** Carries out a script on the card that is in; a write is in the journal before its first step and after its last. */
  async run(script: CardScript, sessionId: string, powerUpId: string): Promise<ScriptReport> {
    const { scheduler, seam } = this.#world;
    const todo = seam.script(script, this);
    const serverNowMs = (): number => this.clock.now() ?? Number.POSITIVE_INFINITY;
    if (script.purpose === "probe")
      return await runScript(todo, { reader: this.reader, powerUpId, serverNowMs: () => Number.NEGATIVE_INFINITY });
    await this.journal({ kind: "scriptStarting", at: scheduler.now, scriptId: script.id, sessionId, powerUpId });
    this.#world.checks.scriptStarts(this, script);
    const seal: ScriptRun["seal"] = async (request) => {
      const answer = await this.ask("seal", 20_000, (server) =>
        sealCommand(server.sale, this.terminal, sessionId, request),
      );
      return answer.ok ? answer.value.apdu : null;
    };
    const report = seam.report(await runScript(todo, { reader: this.reader, powerUpId, serverNowMs, seal }), script);
    this.#world.say(
      () => `${this.name}: script ${report.failure === undefined ? "done" : `stopped, ${report.failure.reason}`}`,
    );
    await this.journal({ kind: "report", at: scheduler.now, sessionId, report });
    return report;
  }

  /** Reports that the centre has not taken yet, in order, until it has. */
  async sendReports(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    for (;;) {
      const unsent = this.disk.state.unsentReports[0];
      if (unsent === undefined) break;
      const { report, sessionId } = unsent;
      const answer = await this.ask("late report", 60_000, (server) => takeReport(server.sale, this.terminal, report));
      if (!answer.ok && answer.kind === "unreachable") continue;
      await this.journal({ kind: "reportSent", at: this.#world.scheduler.now, scriptId: report.scriptId });
      await this.ask("end", 5_000, (server) => endSession(server.sale, this.terminal, sessionId));
    }
    this.#sending = false;
  }
}
