/** An account whose meter is on a link: the meter, and a link on which every message waits until the test lets it through. */
import type { Id, MeterRecord } from "@citygas/core";
import { must } from "../purchases/bundle.ts";
import { type Earth, newAccount } from "../purchases/earth.testkit.ts";
import type { World } from "../purchases/world.testkit.ts";
import type { MeterCommand, MeterWord } from "./link.ts";
import { heardFromMeter } from "./recharges.ts";

/** Takes the number after its last one and no other (facts/domain.md §2.2). */
export class TestMeter {
  record: MeterRecord = { purchaseNo: 254, amount: 0, totalCredited: 90_000 };

  hears(command: MeterCommand): MeterWord {
    if (command.kind === "readRecord") return { kind: "record", record: this.record };
    const { purchaseNo, amount } = command;
    if (purchaseNo === (this.record.purchaseNo + 1) % 256)
      this.record = { purchaseNo, amount, totalCredited: this.record.totalCredited + amount };
    return { kind: "echo" };
  }
}

export interface OnLink {
  accountId: Id;
  meterId: Id;
  meter: TestMeter;
  /** What has left for the meter and is still under way. */
  underWay: MeterCommand[];
  /** All that is under way arrives, as do the answers, until nothing is left. */
  talk(): Promise<void>;
}

export async function onLink(world: World, name: string, balanceFen = 0): Promise<OnLink> {
  const { accountId } = await newAccount(world.earth, name, { balanceFen });
  return await linkMeterOf(world, accountId, `meter-${name}`);
}

/** The account has it already. */
export async function linkMeterOf(world: World, accountId: Id, meterId: Id): Promise<OnLink> {
  await putOnLink(world.earth, accountId, meterId);
  const meter = new TestMeter();
  const underWay: MeterCommand[] = [];
  world.sale.meterLink = { send: async (_id, command) => void underWay.push(command) };
  const talk = async (): Promise<void> => {
    for (let turns = 0; underWay.length > 0; turns++) {
      if (turns > 50) throw new Error("meter and centre never stop");
      for (const command of underWay.splice(0)) await heardFromMeter(world.sale, meterId, meter.hears(command));
    }
  };
  return { accountId, meterId, meter, underWay, talk };
}

async function putOnLink({ store, clock }: Earth, accountId: Id, meterId: Id): Promise<void> {
  const loaded = await store.load([
    { kind: "account", id: accountId },
    { kind: "meter", id: meterId },
  ]);
  const [account, meter] = [must(loaded, "account", accountId), must(loaded, "meter", meterId)];
  const link = { counted: null, queue: [] };
  await store.commit({
    eventId: `link-${meterId}`,
    at: clock.now,
    subject: { kind: "account", id: accountId },
    event: { type: "linked" },
    writes: [
      { kind: "account", id: accountId, expected: account.version, state: account.state },
      { kind: "meter", id: meterId, expected: meter.version, state: { ...meter.state, link } },
    ],
    guards: [],
    postings: [],
    tasks: { add: [], drop: [] },
  });
}
