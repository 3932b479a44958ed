import { afterAll, afterEach, beforeAll } from "vitest";
import type { Earth } from "./earth.testkit.ts";
import type { earths } from "./stores.testkit.ts";
import { booksHold, makeWorld, type World } from "./world.testkit.ts";

/** For a `describe`: an earth and its world, there while its tests run; after each of them its books must hold. */
export function inWorld(open: (typeof earths)[number]["open"]): { readonly earth: Earth; readonly world: World } {
  let opened: { earth: Earth; world: World; close: () => Promise<void> } | null = null;
  beforeAll(async () => {
    const { earth, close } = await open();
    opened = { earth, world: makeWorld(earth), close };
  });
  afterEach(async () => {
    if (opened !== null) await booksHold(opened.earth);
  });
  afterAll(async () => {
    await opened?.close();
  });
  const there = () => {
    if (opened === null) throw new Error("before its tests there is no world");
    return opened;
  };
  return {
    get earth() {
      return there().earth;
    },
    get world() {
      return there().world;
    },
  };
}
