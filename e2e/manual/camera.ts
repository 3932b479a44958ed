/** Takes the manual's pictures: small PNGs, each only once, and only of what it was meant to show. */
import type { CDPSession, Locator, Page } from "playwright-core";
import type { Picture } from "./pictures.ts";
import { shrinkPng } from "./png.ts";

/** A page needs no more, and a manual of many pictures must stay light. */
const screenWidthPx = 900;
const colours = 128;
const largestBytes = 90_000;

export interface Camera {
  /** The whole page; throws when `[data-screen]` changed while the picture was taken. */
  screen(page: Page, picture: Picture): Promise<void>;
  /** One part of a page, `scale` times its size. */
  part(page: Page, part: Locator, picture: Picture, scale: number): Promise<void>;
  /** What was taken, each a PNG. */
  readonly taken: ReadonlyMap<Picture, Buffer>;
}

interface Clip {
  x: number;
  y: number;
  width: number;
  height: number;
  scale: number;
}

export function openCamera(): Camera {
  const taken = new Map<Picture, Buffer>();
  const sessions = new WeakMap<Page, CDPSession>();

  async function capture(page: Page, clip: Clip): Promise<Buffer> {
    const session = sessions.get(page) ?? (await page.context().newCDPSession(page));
    sessions.set(page, session);
    const { data } = await session.send("Page.captureScreenshot", { format: "png", clip });
    return Buffer.from(data, "base64");
  }
  function keep(picture: Picture, png: Buffer): void {
    if (taken.has(picture)) throw new Error(`the picture ${picture} was taken twice`);
    const small = shrinkPng(png, colours);
    if (small.length > largestBytes) throw new Error(`the picture ${picture} has ${small.length} bytes`);
    taken.set(picture, small);
  }

  return {
    taken,
    screen: async (page, picture) => {
      const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
      const before = await screenName(page);
      const png = await capture(page, { x: 0, y: 0, width, height, scale: screenWidthPx / width });
      const after = await screenName(page);
      if (before !== after)
        throw new Error(`${picture}: the screen went from ${before} to ${after} meanwhile; run again`);
      keep(picture, png);
    },
    part: async (page, part, picture, scale) => {
      await part.scrollIntoViewIfNeeded();
      const box = await part.boundingBox();
      if (box === null) throw new Error(`${picture}: there is nothing to see`);
      keep(picture, await capture(page, { ...box, scale }));
    },
  };
}

function screenName(page: Page): Promise<string> {
  return page.evaluate(() => document.querySelector("[data-screen]")?.getAttribute("data-screen") ?? "none");
}
