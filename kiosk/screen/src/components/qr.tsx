import { correction, generate } from "lean-qr";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

/** A link as a QR code with its caption; the quiet zone is part of the picture. */
export function Qr({ url, caption, size = 264 }: { url: string; caption: string; size?: number }): JSX.Element {
  const { path, side } = useMemo(() => draw(url), [url]);
  return (
    <figure class="qr">
      <svg width={size} height={size} viewBox={`0 0 ${side} ${side}`} role="img" aria-label={caption}>
        <rect width={side} height={side} fill="#fff" />
        <path d={path} fill="#000" shape-rendering="crispEdges" />
      </svg>
      <figcaption>{caption}</figcaption>
    </figure>
  );
}

const quietModules = 4;

function draw(url: string): { path: string; side: number } {
  const code = generate(url, { minCorrectionLevel: correction.M });
  const dots: string[] = [];
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      if (code.get(x, y)) dots.push(`M${x + quietModules} ${y + quietModules}h1v1h-1z`);
    }
  }
  return { path: dots.join(""), side: code.size + 2 * quietModules };
}
