/**
 * Meters on a link, and the link: a broker that keeps what it cannot hand out, loses some of it, hands it out late or twice.
 * A meter sleeps; it wakes at its hour or by its key, hears what was kept for it, and answers. What it says goes to any
 * server, again until one has taken it.
 */
import type { Id, MeterRecord } from "@citygas/core";
import { heardFromMeter, type MeterCommand, type MeterLink, type MeterWord } from "@citygas/server";
import type { Rng } from "../chance/rng.ts";
import type { FaultAt } from "../faults/kinds.ts";
import { DatabaseAway } from "./server.ts";
import type { World } from "./world.ts";

const hour = 3_600_000;
const awakeMs = 120_000;
/** How long a broker waits for an acknowledgement, and how often it tries. */
const ackMs = 30_000;
const triesMax = 10;
/** Of one device; the oldest gives way. */
const keptMax = 50;

/** Takes the number after its last one and no other; number, total and what is left are stored in one. */
export interface LinkedMeter {
  id: Id;
  record: MeterRecord;
  /** What it had been credited with when it came on the wall. */
  began: number;
  awakeUntil: number;
  /** Off the wall: it hears nothing. */
  isOff: boolean;
  /** Commands that the broker keeps for it. */
  kept: MeterCommand[];
}

export class MeterNet implements MeterLink {
  readonly #world: World;
  readonly #meters = new Map<Id, LinkedMeter>();
  #words = 0;

  constructor(world: World) {
    this.#world = world;
  }

  mount(id: Id, record: MeterRecord): LinkedMeter {
    const began = record.totalCredited;
    const meter: LinkedMeter = { id, record, began, awakeUntil: Number.NEGATIVE_INFINITY, isOff: false, kept: [] };
    this.#meters.set(id, meter);
    return meter;
  }

  /** Of the sender nothing waits for it. */
  async send(meterId: Id, command: MeterCommand): Promise<void> {
    const { scheduler, faults, calm, checks } = this.#world;
    const meter = this.#meters.get(meterId);
    if (meter === undefined) throw new Error(`no meter ${meterId} is on the link`);
    checks.commandLeaves(meterId, command);
    const fiber = this.#world.callAbout(meterId, "command");
    const fault = calm ? null : faults.draw<FaultAt<"command">>("command", fiber);
    if (fault !== null) faults.hit(fault);
    this.#world.say(() => `  ${told(command)} leaves for ${meterId}${fault === null ? "" : `: ${fault}`}`);
    if (fault === "brokerRestarts") for (const each of this.#meters.values()) each.kept = [];
    for (const afterMs of arrivals(fault, fiber.rng)) scheduler.at(afterMs, () => this.#reaches(meter, command));
  }

  isOnLink(id: Id): boolean {
    return this.#meters.has(id);
  }

  /** By its hour or its key; for a while it hears. */
  wake(meter: LinkedMeter): void {
    const { scheduler } = this.#world;
    if (meter.isOff) return;
    this.#world.say(() => `${meter.id} wakes`);
    meter.awakeUntil = scheduler.now + awakeMs;
    this.#says(meter, { kind: "awake" });
    for (const command of meter.kept.splice(0)) scheduler.at(500, () => this.#reaches(meter, command));
  }

  /** The broker has it. */
  #reaches(meter: LinkedMeter, command: MeterCommand): void {
    const { scheduler, faults, checks } = this.#world;
    if (meter.isOff) return;
    if (scheduler.now > meter.awakeUntil) {
      meter.kept.push(command);
      if (meter.kept.length > keptMax) meter.kept.shift();
      return;
    }
    if (command.kind === "readRecord") {
      this.#says(meter, { kind: "record", record: meter.record });
      return;
    }
    const { purchaseNo, amount } = command;
    const isNext = purchaseNo === (meter.record.purchaseNo + 1) % 256;
    this.#world.say(() => `${meter.id} ${isNext ? "takes" : "refuses"} ${told(command)}`);
    if (isNext) {
      meter.record = { purchaseNo, amount, totalCredited: meter.record.totalCredited + amount };
      checks.credited(meter.id, purchaseNo, amount);
    } else faults.hit("commandRefused");
    this.#says(meter, { kind: "echo" });
  }

  #says(meter: LinkedMeter, word: MeterWord): void {
    const { scheduler, faults, calm } = this.#world;
    const fiber = this.#world.callAbout(meter.id, "word");
    const fault = calm ? null : faults.draw<FaultAt<"word">>("word", fiber);
    if (fault !== null) faults.hit(fault);
    this.#words += 1;
    const said = `${meter.id} word ${this.#words}`;
    for (const [hearing, afterMs] of hearings(fault, fiber.rng).entries())
      scheduler.at(afterMs, () => this.#tell(meter.id, word, `${said}.${hearing}`, 1));
  }

  /** To some server, until one has taken it. */
  #tell(meterId: Id, word: MeterWord, said: string, tries: number): void {
    const { scheduler, faults, seam } = this.#world;
    const rng = this.#world.callAbout(meterId, "server").rng;
    const server = this.#world.someServer(rng);
    let isTaken = false;
    if (server !== null)
      this.#world.spawn({ name: `${said}.${tries}`, process: server.process, rng: rng.fork(said) }, async () => {
        try {
          await heardFromMeter(server.sale, meterId, seam.meterWord(word, meterId, this.#world));
          isTaken = true;
        } catch (error) {
          // Not acknowledged: it comes again.
          if (!(error instanceof DatabaseAway)) this.#world.logged({ err: error });
        }
      });
    scheduler.at(ackMs, () => {
      if (isTaken || tries === triesMax) return;
      faults.hit("wordNotTaken");
      this.#tell(meterId, word, said, tries + 1);
    });
  }
}

/** After how long it reaches the meter, or the broker that keeps it; each time. */
function arrivals(fault: FaultAt<"command"> | null, rng: Rng): number[] {
  switch (fault) {
    case "commandLost":
    case "brokerRestarts":
      return [];
    case "commandLate":
      return [rng.int(600_000, 30 * hour)];
    case "commandTwice":
      return [rng.int(20, 2_000), rng.int(2_000, 30 * hour)];
    case null:
      return [rng.int(20, 2_000)];
  }
}

/** After how long a word is heard; each time. */
function hearings(fault: FaultAt<"word"> | null, rng: Rng): number[] {
  const soon = rng.int(20, 900);
  switch (fault) {
    case "wordLost":
      return [];
    case "wordLate":
      return [rng.int(60_000, 20 * hour)];
    case "wordTwice":
      return [soon, rng.int(1_000, 20 * hour)];
    case "wordAtBoth":
      return [soon, soon];
    case null:
      return [soon];
  }
}

const told = (command: MeterCommand): string =>
  command.kind === "readRecord" ? "a question for the record" : `recharge ${command.purchaseNo} over ${command.amount}`;
