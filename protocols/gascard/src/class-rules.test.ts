import { expect, test } from "vitest";
import { classRules, mayFinishAt, mayWriteAt, refundProof } from "./class-rules.ts";
import type { LayoutDriver } from "./layout.ts";
import { openAVolume, openBCpuVolume, openBVolume, openCVolume } from "./layouts.ts";

test("a plain card is never finished without a person, and never refunded by an image", () => {
  for (const reader of ["kiosk", "desk", "phone"] as const) expect(mayFinishAt(openCVolume, reader)).toBe(false);
  expect(mayWriteAt(openCVolume, "kiosk")).toBe(true);
  expect(classRules.C).toMatchObject({ refundImage: "none", boughtForLater: false, repeated: "creditedAgain" });
});

test("a phone writes what checks the writer, and nothing else", () => {
  expect([openAVolume, openBVolume, openBCpuVolume, openCVolume].map((layout) => mayWriteAt(layout, "phone"))).toEqual([
    false,
    false,
    true,
    false,
  ]);
  expect(mayWriteAt({ ...openBVolume, checksums: "keyed" }, "phone")).toBe(true);
  expect(mayWriteAt({ ...openCVolume, checksums: "keyed" }, "phone")).toBe(false);
  for (const layout of [openAVolume, openBVolume, openBCpuVolume]) expect(mayFinishAt(layout, "kiosk")).toBe(true);
  expect(mayFinishAt(openBVolume, "phone")).toBe(false);
});

test("what proves a refund, by class, chip and what happened since", () => {
  const proofs = (layout: LayoutDriver) =>
    [
      { phoneScript: false, replaced: false },
      { phoneScript: true, replaced: false },
      { phoneScript: false, replaced: true },
      { phoneScript: true, replaced: true },
    ].map((history) => refundProof(layout, history));
  expect(proofs(openAVolume)).toEqual(["image", "none", "none", "none"]);
  expect(proofs(openBVolume)).toEqual(["image", "returnArea", "returnArea", "returnArea"]);
  // A sealed command can't be kept and sent again, so a phone changes nothing.
  expect(proofs(openBCpuVolume)).toEqual(["image", "image", "returnArea", "returnArea"]);
  expect(proofs(openCVolume)).toEqual(["index", "index", "index", "index"]);
});
