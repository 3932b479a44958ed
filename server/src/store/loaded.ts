/** What `load` hands back, from the rows of either store. */
import type { AggregateKind, AggregateStates, Id } from "@citygas/core";
import type { Loaded, Row } from "./port.ts";

export interface LoadedRow {
  kind: AggregateKind;
  id: Id;
  version: number;
  state: AggregateStates[AggregateKind];
}
/** The `as` is sound: a row's state came from the table of its kind. */
export function loaded(rows: readonly LoadedRow[]): Loaded {
  const found = new Map(rows.map((row) => [`${row.kind}\n${row.id}`, row]));
  return {
    get: <K extends AggregateKind>(kind: K, id: Id): Row<K> | undefined => {
      const row = found.get(`${kind}\n${id}`);
      return row && ({ version: row.version, state: row.state } as Row<K>);
    },
  };
}
