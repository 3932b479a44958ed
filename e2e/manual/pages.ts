/** Puts the manual's text, the screens' words and the pictures together as Markdown. */
import { type KioskTexts, type Language, refusalKeys, refusalText } from "@citygas/texts";
import type { Picture } from "./pictures.ts";
import { groupOf, type ManualText, type RefusalGroup, type SectionId } from "./text.ts";

export interface Page {
  /** Beside the folder `pictures`. */
  file: string;
  markdown: string;
}

type Outline = readonly (readonly [section: SectionId, pictures: readonly Picture[]])[];

/** 1.1.2, the original manual's steps 1 to 11. */
const steps: Outline = [
  ["home", ["home"]],
  ["insert", ["insert-card"]],
  ["read", ["reading"]],
  ["enter", ["account", "account-volume"]],
  ["confirm", ["confirm", "confirm-volume"]],
  ["pay", ["pay", "pay-password", "pay-timeout"]],
  ["write", ["writing"]],
  ["success", ["success"]],
  ["print", ["printing", "printed", "receipt"]],
  ["query", ["gas-on-card"]],
  ["load", ["meter"]],
];
const besides: Outline = [["help", ["large"]]];
const troubles: Outline = [
  ["writeFailed", ["write-failed", "resuming", "resumed"]],
  ["unknown", ["unknown-payment", "unknown-settled"]],
  ["wallet", ["collection-code"]],
  ["cardOut", ["card-pulled", "wrong-way"]],
  ["entry", ["too-much"]],
  ["noReceipt", ["print-failed"]],
  ["closed", ["out-of-service"]],
];
/** Codes with this letter are told to the company's own people, never at a terminal. */
const staffLetter = "G";
const groups: readonly RefusalGroup[] = ["K", "H", "S", "D", "Z", "T", "P"];

const terminalFile = "1-terminal.md";
const problemsFile = "1-problems.md";

export function manualPages(language: Language, screens: KioskTexts, text: ManualText): Page[] {
  return [
    { file: "index.md", markdown: index(text) },
    { file: terminalFile, markdown: terminal(screens, text) },
    { file: problemsFile, markdown: problems(language, screens, text) },
  ].map(({ file, markdown }) => ({ file, markdown: `${markdown.trim()}\n` }));
}

function index({ title, lead, contents, chapters, colon, words, pictures }: ManualText): string {
  return blocks([
    `# ${title}`,
    ...lead,
    `## ${contents}`,
    [
      `1. **[${chapters.terminal}](${terminalFile})**${colon}${chapters.terminalAbout}`,
      `   - **[${chapters.problems}](${problemsFile})**${colon}${chapters.problemsAbout}`,
      `2. ${chapters.service}${colon}${chapters.serviceAbout}`,
      `3. ${chapters.mini}${colon}${chapters.miniAbout}`,
    ].join("\n"),
    `## ${words.title}`,
    words.rows.map(([word, meaning]) => `- **${word}**${colon}${meaning}`).join("\n"),
    "---",
    pictures,
  ]);
}

function terminal(screens: KioskTexts, text: ManualText): string {
  const words = text.terminal;
  return blocks([
    `# ${words.title}`,
    `[${text.back}](index.md) · [${text.chapters.problems}](${problemsFile})`,
    ...words.lead,
    `## ${words.notes}`,
    words.notesLead,
    screens.notes.items.map((item, i) => `${i + 1}. ${item}`).join("\n"),
    picture("notes", text),
    `## ${words.purchase}`,
    `${text.steps}${text.colon}${screens.frame.steps.map((step, i) => `${"①②③④⑤"[i] ?? ""} ${step}`).join(" → ")}`,
    ...steps.flatMap(([id, pictures], i) => section(id, pictures, text, `### ${i + 1}. `)),
    ...besides.flatMap(([id, pictures]) => section(id, pictures, text, "## ")),
  ]);
}

function problems(language: Language, screens: KioskTexts, text: ManualText): string {
  const words = text.problems;
  const listed = messages(language, screens);
  const { code, what, money, next } = text.columns;
  return blocks([
    `# ${words.title}`,
    `[${text.back}](index.md) · [${text.chapters.terminal}](${terminalFile})`,
    ...words.lead,
    ...troubles.flatMap(([id, pictures]) => section(id, pictures, text, "## ")),
    `## ${words.list}`,
    ...words.listLead,
    picture("refused", text),
    ...groups.flatMap((group) => [
      `### ${text.groups[group]}`,
      table(
        [code, what, money, next],
        listed
          .filter((one) => groupOf(one.code) === group)
          .map((one) => [one.code, one.what, one.money === "" ? "–" : one.money, one.next]),
      ),
    ]),
  ]);
}

interface Message {
  code: string;
  what: string;
  money: string;
  next: string;
}

/** Every hotline code that a terminal can show: refusals, a terminal out of service, a receipt not printed. */
function messages(language: Language, { outOfService, printFailed }: KioskTexts): Message[] {
  const refused = refusalKeys.map((key) => {
    const { shortCode, ...words } = refusalText(key, language);
    return { code: shortCode, ...words };
  });
  // The other two reasons share the codes of their refusals.
  const closed = (["reader", "scanner"] as const).map((reason) => ({
    code: outOfService.codes[reason],
    what: outOfService[reason],
    money: outOfService.money,
    next: outOfService.next,
  }));
  const unprinted = (["paperOut", "jammed", "offline", "timeout"] as const).map((reason) => ({
    code: printFailed.codes[reason],
    what: printFailed.reasons[reason],
    money: printFailed.money,
    next: printFailed.next,
  }));
  const shown = refused.filter(({ code }) => !code.startsWith(staffLetter));
  return [...shown, ...closed, ...unprinted].sort((a, b) => (a.code < b.code ? -1 : 1));
}

function section(id: SectionId, pictures: readonly Picture[], text: ManualText, mark: string): string[] {
  const { title, lead, after } = text.sections[id];
  // Where there is only one, the lead says all there is to it.
  const captioned = pictures.length > 1 ? pictures.flatMap((one) => [text.captions[one], picture(one, text)]) : null;
  return [`${mark}${title}`, ...lead, ...(captioned ?? pictures.map((one) => picture(one, text))), ...(after ?? [])];
}

function picture(name: Picture, { captions }: ManualText): string {
  return `![${captions[name]}](pictures/${name}.png)`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** Paragraphs; lines of a list stay together. */
function blocks(parts: readonly string[]): string {
  return parts.reduce(
    (all, part) => `${all}${all.endsWith("\n") || all === "" ? "" : separator(all, part)}${part}`,
    "",
  );
}

function separator(before: string, part: string): string {
  const lastLine = before.slice(before.lastIndexOf("\n") + 1);
  return lastLine.startsWith("- ") && part.startsWith("- ") ? "\n" : "\n\n";
}
