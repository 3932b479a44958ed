import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { stateDiagram, withGenerated } from "./paymentPage.ts";

it("docs/payments.md shows the machine as it is: run `npm run diagrams` after a change", () => {
  const page = readFileSync(new URL("../../docs/payments.md", import.meta.url), "utf8");
  expect(page).toBe(withGenerated(page));
});

it("draws no way back from reversing to paid, and ends nowhere twice", () => {
  const diagram = stateDiagram();
  expect(diagram).not.toMatch(/reversing --> paid/);
  for (const end of ["paid", "reversed", "failed"]) expect(diagram).toContain(`${end} --> [*]`);
  expect(new Set(diagram.split("\n")).size).toBe(diagram.split("\n").length);
});

it("a page without its markers is no page", () => {
  expect(() => withGenerated("nothing")).toThrow("generated:diagram");
});
