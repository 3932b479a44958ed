/**
 * The screen is designed for 1280×1024 or, upright, 1080×1920. On any other size it is scaled so that all of it is
 * seen, and takes whatever room is left over.
 */
export function fit(widthPx: number, heightPx: number): { scale: number; widthPx: number; heightPx: number } {
  const upright = heightPx > widthPx;
  const scale = upright ? Math.min(widthPx / 1080, heightPx / 1920) : Math.min(widthPx / 1280, heightPx / 1024);
  return { scale, widthPx: widthPx / scale, heightPx: heightPx / scale };
}

/** Keeps the page fitted to its window. */
export function keepFitted(page: Window): void {
  const apply = (): void => {
    const { scale, widthPx, heightPx } = fit(page.innerWidth, page.innerHeight);
    const style = page.document.documentElement.style;
    style.setProperty("--scale", String(scale));
    style.setProperty("--width", `${widthPx}px`);
    style.setProperty("--height", `${heightPx}px`);
  };
  apply();
  page.addEventListener("resize", apply);
}
