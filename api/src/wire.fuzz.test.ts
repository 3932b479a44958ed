/** Whatever a server, or what stands before it, answers: a checked value, a stated problem, or `unreachable`. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { terminalApi } from "./client.ts";
import { eventReader } from "./eventStream.ts";

const view = { id: "0190a000-0000-7000-8000-000000000001", state: "paid" };

test("event stream: the same events however the text is cut, as a reading of the whole text finds them", () => {
  const piece = fc.constantFrom(
    "data:",
    "data: ",
    "data",
    ":",
    "\n",
    "\n\n",
    "\r\n",
    "id: 7",
    "event: x",
    "{}",
    " ",
    "x",
  );
  const text = fc.array(piece, { maxLength: 30 }).map((list) => list.join(""));
  let events = 0;
  fc.assert(
    fc.property(text, fc.nat(80), fc.nat(80), (all, one, two) => {
      const [from, to] = [Math.min(one, two), Math.max(one, two)];
      const read = eventReader();
      const got = [all.slice(0, from), all.slice(from, to), all.slice(to)].flatMap((chunk) => read(chunk));
      // Only blocks that an empty line has ended are events.
      const blocks = all.replaceAll("\r\n", "\n").split("\n").slice(0, -1).join("\n").concat("\n");
      const expected = blocks
        .split(/^\n/m)
        .slice(0, -1)
        .map((block) => block.split("\n").filter((line) => line.startsWith("data:")))
        .filter((data) => data.length > 0)
        .map((data) => data.map((line) => line.replace(/^data: ?/, "")).join("\n"));
      events += got.length;
      if (JSON.stringify(got) !== JSON.stringify(expected)) throw new Error(`${JSON.stringify(got)}`);
    }),
    { numRuns: inject("long") ? 1_000_000 : 5_000 },
  );
  expect(events).toBeGreaterThan(0);
});

test("event stream: an event that never ends is refused, also one of empty lines", () => {
  for (const chunk of ["x".repeat(1_000), "data: yyyyyyyyyyyyyyyyyyyyyy\n", "data:\n"]) {
    const read = eventReader();
    expect(() => {
      for (let n = 0; n < 400_000; n++) read(chunk);
    }).toThrow("event too long");
  }
});

test("client: any status and body is an answer, never an exception, and a value is of its schema", async () => {
  const config = {
    terminalId: view.id,
    terminal: "1号机",
    company: "洪通燃气",
    unit: "库尔勒",
    hotline: "0996-2959627",
    nowMs: 5,
    settings: { codeWindowMs: 60_000, successWindowMs: 30_000, idleMs: 60_000 },
  };
  const problem = { type: "about:blank", title: "t", status: 409, code: "purchase.quoteStale", zh: "", en: "" };
  const field = fc.constantFrom(...Object.keys({ ...config, ...problem }));
  const body = fc.oneof(
    fc.string(),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc
      .tuple(fc.constantFrom(config, problem), fc.option(fc.tuple(field, fc.jsonValue())))
      .map(([base, change]) => JSON.stringify(change === null ? base : { ...base, [change[0]]: change[1] })),
  );
  const status = fc.oneof(fc.constantFrom(200, 401, 409, 503), fc.integer({ min: 200, max: 599 }));
  const kinds = new Set<string>();
  await fc.assert(
    fc.asyncProperty(status, body, async (code, text) => {
      const api = terminalApi({
        serverUrl: "http://127.0.0.1:1",
        token: async () => ({ ok: true, value: "t" }),
        fetch: async () => new Response([204, 205, 304].includes(code) ? null : text, { status: code }),
      });
      const answer = await api.me();
      kinds.add(answer.ok ? "ok" : answer.kind);
      if (answer.ok && (code >= 300 || typeof answer.value.settings.idleMs !== "number")) throw new Error("no value");
      if (!answer.ok && answer.kind === "problem" && code < 300) throw new Error("a problem of a success");
    }),
    { numRuns: inject("long") ? 50_000 : 1_000 },
  );
  expect([...kinds].sort()).toEqual(["ok", "problem", "unreachable"]);
});
