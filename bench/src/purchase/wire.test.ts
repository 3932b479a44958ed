import { expect, it } from "vitest";
import { eventData } from "./wire.ts";

it("puts events together from pieces, and passes over comments", () => {
  const seen: string[] = [];
  const read = eventData((data) => seen.push(data));
  for (const piece of [":\n\nid: 1\nda", 'ta: {"a":1}\n', "\nid: 2\ndata: two\n\ndata: thr", "ee"]) read(piece);
  expect(seen).toEqual(['{"a":1}', "two"]);
  read("\n\n");
  expect(seen).toEqual(['{"a":1}', "two", "three"]);
});
