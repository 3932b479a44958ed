import { describe, expect, it } from "vitest";
import { readArgs } from "./args.ts";

describe("the command line", () => {
  it("takes names and options in any order, each name once", () => {
    expect(readArgs(["--seconds", "5", "kiosk", "purchase", "kiosk", "--terminals=8"])).toEqual({
      ok: true,
      value: { names: ["kiosk", "purchase"], seconds: 5, terminals: 8, sales: 200, lines: 1_000_000 },
    });
  });

  it.each([
    [[]],
    [["--seconds", "5"]],
    [["settle"]],
    [["purchase", "--seconds"]],
    [["purchase", "--seconds", "1"]],
    [["purchase", "--seconds", "5.5"]],
    [["purchase", "--minutes", "5"]],
    [["purchase", "--sales=0"]],
  ])("refuses %j", (argv) => {
    expect(readArgs(argv).ok).toBe(false);
  });
});
