import { expect, it } from "vitest";
import { cursorText, nextCursor, overlapMs, readCursor } from "./cursor.ts";

const cursor = { at: 1_795_419_902_000, seq: 7, eventId: "578f51aa-a677-8606-b852-2002b4b69934" };

it("comes back as it was given, and nothing else is one", () => {
  expect(readCursor(cursorText(cursor))).toEqual(cursor);
  expect(readCursor(cursorText({ ...cursor, eventId: "" }))).toEqual({ ...cursor, eventId: "" });
  for (const text of ["", "x", Buffer.from("1.2").toString("base64url"), Buffer.from("a.1.x").toString("base64url")])
    expect(readCursor(text)).toBeNull();
});

it("stays behind by the time in which an earlier event may still come to light", () => {
  const settled = { at: cursor.at - overlapMs, seq: 0, eventId: "" };
  expect(nextCursor(cursor, null, cursor.at)).toEqual(settled);
  expect(nextCursor(cursor, null, cursor.at + overlapMs + 1)).toEqual(cursor);
  expect(nextCursor(null, cursor, cursor.at + 60_000)).toEqual(cursor);
  expect(nextCursor(null, null, cursor.at)).toEqual(settled);
});
