import { useEffect, useRef, useState } from "preact/hooks";
import { readTrail, type SaleEvent, withPage } from "./trail.ts";

/** After something moved on the table the books move too: look soon, and again in a while. */
const SOON_MS = 400;
const LOOK_MS = 3_000;

/** The sales' events, kept up to date; empty where nobody tells them. `moved`: grows with what happens on the table. */
export function useTrail(moved: number): readonly SaleEvent[] {
  const [events, setEvents] = useState<readonly SaleEvent[]>([]);
  const reader = useRef({ after: null as string | null, busy: false, told: true });

  useEffect(() => {
    const state = reader.current;
    const look = async (): Promise<void> => {
      if (state.busy || !state.told) return;
      state.busy = true;
      const page = await readTrail(state.after);
      state.busy = false;
      if (page === "none") state.told = false;
      if (typeof page === "string") return;
      state.after = page.next;
      setEvents((known) => withPage(known, page.items));
    };
    const soon = setTimeout(() => void look(), SOON_MS);
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => {
      clearTimeout(soon);
      clearInterval(timer);
    };
  }, [moved]);
  return events;
}
