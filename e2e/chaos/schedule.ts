/**
 * What is done to the world, and when: made whole from the seed before anything starts. Every kind of process is killed
 * about as often as every other, and every link meets every fault in turn: cards are dealt, not dice thrown.
 */
import { type Draws, drawsOf } from "./draws.ts";

export const parts = ["server", "server-2", "kiosk-1", "kiosk-2", "sandbox", "postgres"] as const;
export type Part = (typeof parts)[number];

/** From → to. Gateways, devices and meters are one process, the sandbox. */
export const linkNames = [
  "kiosk-1→server",
  "kiosk-2→server",
  "server→postgres",
  "server-2→postgres",
  "server→wechat",
  "server-2→wechat",
  "server→alipay",
  "server-2→alipay",
  "sandbox→server",
  "kiosk-1→reader",
  "kiosk-2→reader",
  "kiosk-1→scanner",
  "kiosk-2→scanner",
  "kiosk-1→printer",
  "kiosk-2→printer",
] as const;
export type LinkName = (typeof linkNames)[number];

/** Connections end and none is made · everything is swallowed and arrives later, or never · everything is late. */
export const harms = ["cut", "blackHole", "delay"] as const;
export type Harm = (typeof harms)[number];

/** When a kill falls: at once, or as soon as some terminal waits for a payment, or writes. */
export const moments = ["now", "paying", "writing"] as const;
export type Moment = (typeof moments)[number];

export type Stroke = {
  /** After the stroke before. */
  afterMs: number;
} & (
  | { do: "kill"; part: Part; moment: Moment }
  /** `delayMs`: of each piece of data, where the harm is a delay. */
  | { do: "harm"; link: LinkName; harm: Harm; forMs: number; delayMs: number }
);

/** As many kills, and about as many harms to links. */
export function scheduleOf(seed: number, kills: number): Stroke[] {
  const draws = drawsOf(seed);
  const victims = dealt(draws, parts, "part");
  const links = dealt(draws, linkNames, "link");
  const kinds = dealt(draws, harms, "harm");
  const strokes: Stroke[] = [];
  let harmed = 0;
  for (let kill = 0; kill < kills; kill++) {
    for (let more = draws.below(3, "harms before", kill); more > 0; more--) {
      const n = harmed++;
      strokes.push({
        do: "harm",
        link: links(n),
        harm: kinds(n),
        afterMs: draws.between(200, 2_500, "harm after", n),
        // One in eight outlasts the patience of those who wait for an answer.
        forMs: draws.chance(12, "long", n) ? 25_000 : draws.between(500, 8_000, "harm for", n),
        delayMs: draws.between(100, 1_500, "delay", n),
      });
    }
    strokes.push({
      do: "kill",
      part: victims(kill),
      moment: draws.pick(moments, "moment", kill),
      // One in six follows at once: two die together.
      afterMs: draws.chance(16, "together", kill) ? 0 : draws.between(2_000, 10_000, "kill after", kill),
    });
  }
  return strokes;
}

/** The n-th card of a deck that is shuffled anew whenever it is through. */
function dealt<T>(draws: Draws, of: readonly T[], name: string): (n: number) => T {
  return (n) => {
    const deck = draws.shuffled(of, name, Math.floor(n / of.length));
    const card = deck[n % of.length];
    if (card === undefined) throw new Error(`no ${name} to deal`);
    return card;
  };
}
