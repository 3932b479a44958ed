import type { KeyedRequest } from "@citygas/server";

/** A request as the edge hands it on; its event has the same id at each repetition. */
export const requestOf = (key: string): KeyedRequest => ({ key, fingerprint: key, eventId: `event of ${key}` });
