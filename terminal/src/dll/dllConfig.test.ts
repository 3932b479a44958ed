import { describe, expect, it } from "vitest";
import { parseDllConfig } from "./dllConfig.ts";

const good = { command: ["C:\\bridge\\bridge.exe", "--port", "3"], makers: [{ name: "xianfeng", mark: "XF" }] };

describe("parseDllConfig", () => {
  it("takes a program and its makers", () => {
    expect(parseDllConfig(JSON.stringify(good))).toEqual(good);
  });

  it.each([
    ["", /JSON/],
    ["[]", /wanted/],
    [JSON.stringify({ ...good, command: [] }), /command/],
    [JSON.stringify({ ...good, command: ["bridge", 3] }), /command/],
    [JSON.stringify({ ...good, command: "bridge" }), /command/],
    [JSON.stringify({ ...good, makers: [] }), /makers/],
    [JSON.stringify({ ...good, makers: [{ name: "Xianfeng", mark: "XF" }] }), /makers/],
    [JSON.stringify({ ...good, makers: [{ name: "xianfeng", mark: "xf" }] }), /makers/],
    [JSON.stringify({ ...good, makers: [...good.makers, { name: "dandong", mark: "XF" }] }), /share/],
  ])("says what is wrong with %s", (text, why) => {
    expect(parseDllConfig(text)).toMatchObject({ why: expect.stringMatching(why) });
  });
});
