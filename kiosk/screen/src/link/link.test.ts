import type { Action, ActionMessage, Screen, ViewMessage } from "@citygas/kiosk-agent";
import { describe, expect, it } from "vitest";
import { fixtures } from "../fixtures.ts";
import { connect, parseView, retryDelaysMs, type Socket } from "./connection.ts";
import { createPresenter, leastScreenMs } from "./presenter.ts";
import { createSender, mostWaiting } from "./sender.ts";

const first = fixtures[0]?.view;
if (first === undefined) throw new Error("no fixtures");
const base: ViewMessage = first;

function view(seq: number, screen: Screen["name"] = "home", cardLocked = false): ViewMessage {
  const found = fixtures.find((one) => one.view.screen.name === screen);
  return { ...base, screen: found?.view.screen ?? base.screen, seq, cardLocked };
}

/** A clock that stands still until it is told to go on. */
function clock() {
  let now = 0;
  let due: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    later(run: () => void, delayMs: number): () => void {
      const timer = { at: now + delayMs, run };
      due.push(timer);
      return () => {
        due = due.filter((other) => other !== timer);
      };
    },
    pass(ms: number): void {
      now += ms;
      const ready = due.filter((timer) => timer.at <= now);
      due = due.filter((timer) => timer.at > now);
      for (const timer of ready) timer.run();
    },
    waits: () => due.map((timer) => timer.at - now),
  };
}

class FakeSocket extends EventTarget implements Socket {
  sent: string[] = [];
  send(data: string): void {
    this.sent.push(data);
  }
  message(data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

describe("connection", () => {
  function start() {
    const time = clock();
    const sockets: FakeSocket[] = [];
    const views: ViewMessage[] = [];
    const states: boolean[] = [];
    const connection = connect({
      open() {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      onView: (one) => views.push(one),
      onConnected: (connected) => states.push(connected),
      later: time.later,
    });
    const newest = (): FakeSocket => {
      const socket = sockets.at(-1);
      if (socket === undefined) throw new Error("no socket opened");
      return socket;
    };
    return { time, sockets, views, states, connection, newest };
  }

  it("waits longer from failure to failure, up to a bound, and starts afresh after a view", () => {
    const { time, newest } = start();
    const waits: (number | undefined)[] = [];
    for (let failure = 0; failure < 7; failure++) {
      newest().dispatchEvent(new Event("close"));
      waits.push(time.waits()[0]);
      time.pass(4000);
    }
    expect(waits).toEqual([...retryDelaysMs, 4000, 4000]);
    newest().dispatchEvent(new Event("open"));
    newest().message(JSON.stringify(view(1)));
    newest().dispatchEvent(new Event("close"));
    expect(time.waits()).toEqual([retryDelaysMs[0]]);
  });

  it("hands on views, drops what is none, and says when the line is gone", () => {
    const { newest, views, states } = start();
    newest().dispatchEvent(new Event("open"));
    for (const junk of ["{", "null", "[]", '{"type":"view"}', '{"type":"other","seq":1,"screen":{"name":"home"}}', 5]) {
      newest().message(junk);
    }
    newest().message(JSON.stringify(view(3)));
    newest().dispatchEvent(new Event("close"));
    expect(views.map((one) => one.seq)).toEqual([3]);
    expect(states).toEqual([true, false]);
    expect(parseView("[]")).toBeNull();
  });

  it("sends only while the line is up", () => {
    const { newest, connection } = start();
    const message: ActionMessage = { type: "action", seq: 1, action: { do: "start" } };
    connection.send(message);
    newest().dispatchEvent(new Event("open"));
    connection.send(message);
    expect(newest().sent).toEqual([JSON.stringify(message)]);
  });
});

describe("presenter", () => {
  function start() {
    const time = clock();
    const drawn: number[] = [];
    const presenter = createPresenter({ draw: (one) => drawn.push(one.seq), now: time.now, later: time.later });
    return { time, drawn, present: presenter.take, pressed: presenter.pressed };
  }

  it("keeps a screen for its least time and then draws only the newest", () => {
    const { time, drawn, present } = start();
    present(view(1, "home"));
    present(view(2, "insertCard"));
    present(view(3, "takeCard"));
    time.pass(leastScreenMs - 1);
    expect(drawn).toEqual([1]);
    time.pass(1);
    expect(drawn).toEqual([1, 3]);
  });

  it("draws changes within a screen at once", () => {
    const { drawn, present } = start();
    present(view(1, "account"));
    present(view(2, "account"));
    expect(drawn).toEqual([1, 2]);
  });

  it("answers a press at once, and then keeps the answer for its least time", () => {
    const { time, drawn, present, pressed } = start();
    present(view(1, "success"));
    pressed();
    present(view(2, "printing"));
    present(view(3, "printed"));
    expect(drawn).toEqual([1, 2]);
    time.pass(leastScreenMs);
    expect(drawn).toEqual([1, 2, 3]);
  });

  it("never delays the warning that the card must stay in", () => {
    const { drawn, present } = start();
    present(view(1, "insertCard"));
    present(view(2, "reading", true));
    expect(drawn).toEqual([1, 2]);
  });

  it("says paid as soon as it is true, and long enough to be read", () => {
    const { time, drawn, present } = start();
    present(view(1, "payWaiting", true));
    present(view(2, "writing", true));
    present(view(3, "success"));
    time.pass(leastScreenMs - 1);
    expect(drawn).toEqual([1, 2]);
    time.pass(1);
    expect(drawn).toEqual([1, 2, 3]);
  });
});

describe("sender", () => {
  function start() {
    const time = clock();
    const sent: ActionMessage[] = [];
    const sender = createSender({ send: (message) => sent.push(message), later: time.later });
    const key = (digit: "1" | "2" | "3"): Action => ({ do: "key", key: digit });
    return { time, sent, sender, key };
  }

  it("keeps fast typing and sends each digit on the view it then sees", () => {
    const { sent, sender, key } = start();
    sender.drawn(view(1, "account"));
    sender.act(key("1"));
    sender.act(key("2"));
    sender.act(key("3"));
    sender.drawn(view(2, "account"));
    sender.drawn(view(3, "account"));
    expect(sent.map((one) => [one.seq, one.action])).toEqual([
      [1, key("1")],
      [2, key("2")],
      [3, key("3")],
    ]);
  });

  it("goes on when a key brought no view, and forgets the rest on a new screen", () => {
    const { time, sent, sender, key } = start();
    sender.drawn(view(1, "account"));
    sender.act(key("1"));
    sender.act(key("2"));
    sender.act(key("3"));
    time.pass(200);
    expect(sent).toHaveLength(2);
    sender.drawn(view(2, "confirm"));
    time.pass(1000);
    expect(sent).toHaveLength(2);
  });

  it("takes a second tap for impatience and never lets more than a few keys wait", () => {
    const { time, sent, sender, key } = start();
    sender.drawn(view(1, "account"));
    sender.act({ do: "ok" });
    sender.act({ do: "ok" });
    for (let press = 0; press < 50; press++) sender.act(key("1"));
    for (let round = 0; round < 50; round++) time.pass(200);
    expect(sent).toHaveLength(1 + mostWaiting);
  });

  it("sends nothing while the card is locked", () => {
    const { sent, sender } = start();
    sender.drawn(view(1, "reading", true));
    sender.act({ do: "back" });
    expect(sent).toEqual([]);
  });
});
