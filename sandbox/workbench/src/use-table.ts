import { useCallback, useEffect, useState } from "preact/hooks";
import { listen, readTable, type Sent, send, type Table, type Topic } from "./api.ts";

const EMPTY: Table = {
  readers: [],
  cards: [],
  phones: [],
  printers: [],
  meters: [],
  faults: [],
  messages: [],
  lines: [],
};
/** Phones change without an event when a payment waits too long; a slow look catches that. */
const LOOK_MS = 4_000;
const NOTICE_MS = 6_000;

export interface Notice {
  zh: string;
  en: string;
  bad: boolean;
}

export interface Bench {
  table: Table;
  online: boolean;
  /** The last thing that was refused or is worth a word. */
  notice: Notice | null;
  say(notice: Notice): void;
  /** POSTs and shows a refusal as a notice. */
  act<T>(path: string, body?: object): Promise<Sent<T>>;
  put(method: "PUT" | "DELETE", path: string, body?: object): Promise<void>;
}

/** The table as it is now, kept up to date by events, and the hands to move things on it. */
export function useTable(): Bench {
  const [table, setTable] = useState<Table>(EMPTY);
  const [online, setOnline] = useState(false);
  const [notice, setNotice] = useState<Notice | null>(null);

  const refresh = useCallback((topics?: readonly Topic[]) => {
    readTable(topics).then(
      (part) => setTable((before) => ({ ...before, ...part })),
      () => setOnline(false),
    );
  }, []);

  useEffect(() => {
    const opened = (is: boolean): void => {
      setOnline(is);
      if (is) refresh();
    };
    const end = listen(refresh, opened);
    const timer = setInterval(() => refresh(["phones", "meters"]), LOOK_MS);
    return () => {
      end();
      clearInterval(timer);
    };
  }, [refresh]);

  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => setNotice(null), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);

  const act = useCallback(async <T>(path: string, body: object = {}): Promise<Sent<T>> => {
    const sent = await send<T>("POST", path, body);
    if (!sent.ok) setNotice({ zh: sent.zh, en: sent.en, bad: true });
    return sent;
  }, []);

  const put = useCallback(async (method: "PUT" | "DELETE", path: string, body: object = {}): Promise<void> => {
    const sent = await send(method, path, body);
    if (!sent.ok) setNotice({ zh: sent.zh, en: sent.en, bad: true });
  }, []);

  return { table, online, notice, say: setNotice, act, put };
}
