import { expect, it } from "vitest";
import { namedFiles } from "./firstLoad.ts";

it("finds what a page makes the browser load", () => {
  const html = `<html><head><link rel="stylesheet" crossorigin href="./a.css"><link rel="icon" href="data:,">
    <script type="module" src="./b.js"></script></head><body><a href="/elsewhere">x</a><script>1</script></body></html>`;
  expect(namedFiles(html)).toEqual(["./a.css", "./b.js"]);
});
