/**
 * How the page looks again whether something has changed. It asks beside what is read and puts in only what is new, so
 * nothing jumps under a reader's eyes and screen readers say the change; a browser without scripts loads it whole.
 */
import { createHash } from "node:crypto";

/** On `main` of a page that is not final: how many seconds until the next look. */
export const againAttribute = "data-again";

const script = `(() => {
  const main = () => document.querySelector("main");
  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of ["main", "footer"]) {
          const [old, now] = [document.querySelector(part), fresh.querySelector(part)];
          if (old && now && old.innerHTML !== now.innerHTML) old.innerHTML = now.innerHTML;
        }
        if (!fresh.querySelector("main[${againAttribute}]")) main().removeAttribute("${againAttribute}");
      }
    } catch {}
    wait();
  };
  const wait = () => {
    const seconds = Number(main().getAttribute("${againAttribute}"));
    if (seconds > 0) setTimeout(look, seconds * 1000);
  };
  wait();
})();`;

/** For the page's own policy: this script and no other may run, and it may ask nobody but us. */
export const againPolicy = `script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'; connect-src 'self'`;

export const againHead = (seconds: number): string =>
  `<noscript><meta http-equiv="refresh" content="${seconds}"></noscript>`;
export const againFoot = `<script>${script}</script>`;
