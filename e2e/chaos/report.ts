/** What came of a chaos run, for people and for programs. */
import type { ChaosOutcome } from "./run.ts";

/** One Markdown table: what was done, what became of it, and the figures side by side. */
export function reportOf(outcome: ChaosOutcome): string {
  const { kills, harms, states, money, gas } = outcome;
  const rows: [string, string][] = [
    ...Object.entries(kills).map(([part, { count, longestMs }]): [string, string] => [
      `kill -9 of ${part}`,
      count === 0 ? "0" : `${count}, serving again after at most ${inSeconds(longestMs)}`,
    ]),
    ...Object.entries(harms).map(([harm, count]): [string, string] => [`links: ${harm}`, String(count)]),
    ["visits of customers", String(outcome.visits)],
    ...Object.entries(states).map(([state, count]): [string, string] => [`purchases: ${state}`, String(count)]),
    ["longest from money to gas or money back", inSeconds(outcome.longestMs)],
    ["from the last stroke to all settled", inSeconds(outcome.calmMs)],
    ["gateway net + cash", `${money.gatewayNetFen} + ${money.cashFen} = ${money.gatewayNetFen + money.cashFen} fen`],
    [
      "delivered + balances + open",
      `${money.deliveredFen} + ${money.balancesFen} + ${money.openFen} = ${money.deliveredFen + money.balancesFen + money.openFen} fen`,
    ],
    ...gas.map(({ layout, unit, purchases, onCardsAndMeters, delivered, forPeople }): [string, string] => [
      `cards of ${layout} and their meters got`,
      `${onCardsAndMeters} ${unit}; by the books ${delivered} ${unit} in ${purchases} purchases${forPeople > 0 ? `, and ${forPeople} for people to finish` : ""}`,
    ]),
    ["violations", String(outcome.violations.length)],
    ["not finished in time", String(outcome.unfinished.length)],
  ];
  return ["| | |", "| --- | --- |", ...rows.map(([what, figure]) => `| ${what} | ${figure} |`)].join("\n");
}

const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** The last line. */
export function summaryOf({ kills, states, violations, unfinished, seed, seconds }: ChaosOutcome): string {
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return JSON.stringify({
    kills: sum(Object.values(kills).map(({ count }) => count)),
    purchases: sum(Object.values(states)),
    violations: violations.length,
    unfinished: unfinished.length,
    seed,
    seconds,
  });
}
