/** Tables with their columns padded, as the formatter that also checks these pages wants them. */
export function alignTables(text: string): string {
  return text.replace(/(?:^\|.*\|(?:\n|$))+/gm, (block) => {
    const rows = block
      .trimEnd()
      .split("\n")
      .map((line) =>
        line
          .slice(1, -1)
          .split("|")
          .map((cell) => cell.trim()),
      );
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => textWidth(row[column] ?? ""))));
    const pad = (cell: string, column: number) => {
      const space = (widths[column] ?? 0) - textWidth(cell);
      return cell === "---" ? "-".repeat(widths[column] ?? 3) : cell + " ".repeat(space);
    };
    const lines = rows.map((row) => `| ${row.map(pad).join(" | ")} |`);
    return `${lines.join("\n")}${block.endsWith("\n") ? "\n" : ""}`;
  });
}

/** Columns on a screen: Chinese characters and full-width marks take two. */
function textWidth(text: string): number {
  return [...text].reduce((width, char) => width + (/[\u2e80-\u9fff\uff00-\uff60]/.test(char) ? 2 : 1), 0);
}
