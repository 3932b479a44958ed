const widthMax = 118;

/** Paragraphs of English prose broken at the page's width; tables, lists, headings, code and Chinese stay as they are. */
export function wrapProse(text: string): string {
  return text
    .split("\n\n")
    .map((block) => (/^[A-Z*_"][^|]*$/.test(block) && !block.includes("\n|") ? wrap(block) : block))
    .join("\n\n");
}

function wrap(paragraph: string): string {
  const lines: string[] = [];
  // What stands between backquotes is one word.
  for (const word of paragraph.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= widthMax) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}
