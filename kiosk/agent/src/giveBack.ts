/**
 * A motorised reader holds the card; it gives it back when its customer is told to take it, and when the kiosk can do
 * nothing with it. Readers from which one pulls the card have nothing to do here.
 */
import type { CardReader } from "@citygas/devices";
import { inService } from "./flow/context.ts";
import type { FlowState, StageName } from "./flow/types.ts";
import type { Log } from "./log.ts";

/** Stages whose screen says: take your card. */
const taking: readonly StageName[] = ["takeCard", "wrongWay", "gasOnCard", "writeFailed", "refused"];

/** Called with every state; gives each card back once. */
export function cardReturn(reader: Pick<CardReader, "release">, log: Log): (state: FlowState) => void {
  let given: string | null = null;
  const giveBack = async (release: NonNullable<CardReader["release"]>, powerUpId: string): Promise<void> => {
    const first = await release(powerUpId);
    if (first.ok) return;
    // No script runs in these stages: what was not read back by now is the centre's to judge at the next insertion.
    const unproven = first.reason === "verifyFailed";
    const second = unproven ? await release(powerUpId, "giveBack") : first;
    log("cardReturn", { unproven, failure: second.ok ? null : second.reason });
  };
  return (state) => {
    const { release } = reader;
    const { card, stage, running } = state;
    if (release === undefined || card === null || card.powerUpId === given || running !== null) return;
    const idle = stage.name === "home" && state.config !== null && !inService(state);
    if (!idle && !taking.includes(stage.name)) return;
    given = card.powerUpId;
    void giveBack(release, card.powerUpId);
  };
}
