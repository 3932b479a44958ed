/**
 * A palette for drawn screens. Flat areas keep their colour exactly, however near it is to another; all others, which
 * are the edges of letters, are parted by median cut: at the median of their widest channel until there are enough
 * groups, each shown by its most frequent colour.
 */
type Counted = readonly [rgb: number, count: number];

/** A colour that covers one pixel in this many is a flat area. */
const flatFrom = 4_000;

const shifts = [16, 8, 0] as const;

/** `colours` is 2 to 256; `indexOf` knows every colour of `pixels` and throws for others. */
export function paletteOf(
  pixels: Uint32Array,
  colours: number,
): { palette: number[]; indexOf: (rgb: number) => number } {
  const counts = new Map<number, number>();
  for (const rgb of pixels) counts.set(rgb, (counts.get(rgb) ?? 0) + 1);
  const byFrequency: Counted[] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const isFlat = ([, count]: Counted, place: number): boolean =>
    place < colours / 2 && count * flatFrom >= pixels.length;
  const groups: Counted[][] = byFrequency.filter(isFlat).map((one) => [one]);
  const rest = byFrequency.filter((one, place) => !isFlat(one, place));
  if (rest.length > 0) groups.push(rest);
  while (groups.length < colours) {
    const widest = groups.reduce((best, group) => (spread(group).width > spread(best).width ? group : best));
    if (spread(widest).width === 0) break;
    groups.splice(groups.indexOf(widest), 1, ...part(widest));
  }
  const indexes = new Map<number, number>();
  const palette = groups.map((group, index) => {
    for (const [rgb] of group) indexes.set(rgb, index);
    return group.reduce((best, one) => (one[1] > best[1] ? one : best))[0];
  });
  return {
    palette,
    indexOf: (rgb) => {
      const index = indexes.get(rgb);
      if (index === undefined) throw new Error(`the colour ${rgb.toString(16)} was not in the picture`);
      return index;
    },
  };
}

const spreads = new WeakMap<Counted[], { shift: number; width: number }>();

/** The channel in which a group is widest, and how wide. */
function spread(group: Counted[]): { shift: number; width: number } {
  const known = spreads.get(group);
  if (known !== undefined) return known;
  let found = { shift: 0, width: -1 };
  for (const shift of shifts) {
    let [low, high] = [255, 0];
    for (const [rgb] of group) {
      const value = (rgb >> shift) & 0xff;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (high - low > found.width) found = { shift, width: high - low };
  }
  spreads.set(group, found);
  return found;
}

function part(group: Counted[]): [Counted[], Counted[]] {
  const { shift } = spread(group);
  const sorted = [...group].sort((a, b) => ((a[0] >> shift) & 0xff) - ((b[0] >> shift) & 0xff) || a[0] - b[0]);
  const half = Math.ceil(sorted.length / 2);
  return [sorted.slice(0, half), sorted.slice(half)];
}
