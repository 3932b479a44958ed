/**
 * Whether gateways, books, logs, cards and meters agree. Each disagreement is a sentence, so that tests and the chaos
 * run can tell it alike; none is an empty list. It may be asked at any moment: money on its way is on neither side.
 */
import { isDeepStrictEqual } from "node:util";
import { foldPurchase, type Instant, type LoggedEvent, type Purchase } from "@citygas/core";
import { moneyDisagreements } from "./money.ts";
import { sidesOf } from "./sides.ts";
import type { World } from "./world.ts";

/** What can be asked: the books by SQL, the table and the gateways by the sandbox. */
export type Asked = Pick<World, "query" | "sandbox" | "finishMs">;

/** States that end by themselves, and how they are told apart from those that wait for a customer or a person. */
const restless = `
  select p.number, p.status, coalesce(string_agg(a.status, ' '), '') as attempts
  from purchase p left join attempt a on a.purchase_id = p.id
  where p.status in ('paying', 'closing', 'issued', 'refunding')
     or a.status in ('created', 'submitted', 'pending', 'reversing')
     or a.state->'lateSuccess'->>'refunded' = 'false'
  group by p.number, p.status`;

/** The purchases that go on by themselves. */
export const underWay = (world: Pick<Asked, "query">): Promise<{ number: string }[]> => world.query(restless);

/** Everything but cards and meters, whose accounts only the test knows. */
export const disagreements = async (world: Asked): Promise<string[]> => [
  ...moneyDisagreements(await sidesOf(world)),
  ...(await unfolding(world)),
];

/** I8, of every purchase there is. */
async function unfolding(world: Pick<Asked, "query" | "finishMs">): Promise<string[]> {
  // One statement, so one moment.
  const [row] = await world.query<{
    purchases: { id: string; number: string; state: Purchase }[];
    attempts: { id: string; purchase_id: string; state: object }[];
    events: { subject_id: string; at: Instant; event: LoggedEvent }[];
  }>(`select
    (select coalesce(json_agg(json_build_object('id', id, 'number', number, 'state', state)), '[]')
      from purchase) as purchases,
    (select coalesce(json_agg(json_build_object('id', id, 'purchase_id', purchase_id, 'state', state)), '[]')
      from attempt) as attempts,
    (select coalesce(json_agg(json_build_object('subject_id', subject_id, 'at', at, 'event', event)
      order by subject_id, seq), '[]') from event where subject_kind = 'purchase') as events`);
  if (row === undefined) throw new Error("the books say nothing");
  const { purchases, attempts, events } = row;
  const logs = new Map<string, { at: Instant; event: LoggedEvent }[]>();
  for (const { subject_id: id, at, event } of events) logs.set(id, [...(logs.get(id) ?? []), { at, event }]);
  return purchases.flatMap(({ id, number, state }) => {
    const folded = foldPurchase(logs.get(id) ?? [], { finishMs: world.finishMs });
    const rows = attempts.filter((attempt) => attempt.purchase_id === id).map((row) => [row.id, row.state]);
    return [
      ...differing(`the log of purchase ${number}`, folded.purchase, state),
      ...differing(
        `the log of the attempts of ${number}`,
        Object.fromEntries(folded.attempts),
        Object.fromEntries(rows),
      ),
    ];
  });
}

/** As a row stores it, so without what is undefined. */
function differing(what: string, folded: unknown, stored: unknown): string[] {
  const text = JSON.stringify(folded);
  return isDeepStrictEqual(JSON.parse(text), stored)
    ? []
    : [`${what} folds to ${text}, but the row is ${JSON.stringify(stored)}`];
}
