import { describe, expect, it } from "vitest";
import {
  bindTexts,
  fill,
  kioskTexts,
  languages,
  outcomeTexts,
  receiptTexts,
  refusalKeys,
  refusalSentence,
  refusalShortCodes,
  refusalText,
  trailTexts,
  voicePromptKeys,
  voiceTexts,
} from "../index.ts";

/** Every string under `value` by its path. */
function leaves(value: unknown, path = ""): Map<string, string> {
  if (typeof value === "string") return new Map([[path, value]]);
  if (typeof value !== "object" || value === null) throw new Error(`${path} is neither text nor group`);
  return new Map(Object.entries(value).flatMap(([key, child]) => [...leaves(child, `${path}.${key}`)]));
}
const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").sort();

describe.each([
  ["kiosk", kioskTexts],
  ["receipt", receiptTexts],
  ["voice", voiceTexts],
  ["trail", trailTexts],
  ["outcome", outcomeTexts],
  ["binding", bindTexts],
])("catalogue %s", (_name, catalogue) => {
  const zh = leaves(catalogue["zh-CN"]);
  const en = leaves(catalogue.en);

  it("has the same entries in both languages, none empty", () => {
    expect([...en.keys()]).toEqual([...zh.keys()]);
    for (const text of [...zh.values(), ...en.values()]) expect(text.trim()).not.toBe("");
  });

  it("asks for the same values in both languages", () => {
    for (const [path, text] of zh) expect([path, placeholders(en.get(path) ?? "")]).toEqual([path, placeholders(text)]);
  });

  it("uses the manual's words, not the slips of its copy", () => {
    for (const text of zh.values()) expect(text).not.toMatch(/拨出|抜|搜卡|剧码|意入|小票/);
  });
});

describe("refusals", () => {
  it("have a short code each, none twice", () => {
    const codes = refusalKeys.map((key) => refusalShortCodes[key]);
    expect(new Set(codes).size).toBe(refusalKeys.length);
    for (const code of codes) expect(code).toMatch(/^[A-Z]\d\d$/);
  });

  it("say what happened and what to do, in both languages", () => {
    for (const key of refusalKeys) {
      for (const language of languages) {
        const text = refusalText(key, language);
        expect(text.what, key).not.toBe("");
        expect(text.next, key).not.toBe("");
        expect(refusalSentence(key, language), key).not.toMatch(/[{}]/);
        expect(refusalSentence(key, language, "1500元"), key).not.toMatch(/[{}]/);
      }
    }
  });

  it("name the number where there is one", () => {
    expect(refusalText("entry.overLimit", "zh-CN", "1500元").what).toBe("超过了本次最多可购的 1500元。");
    expect(refusalText("entry.overLimit", "zh-CN").what).toBe("超过了本次最多可购的数量。");
    expect(refusalSentence("card.lost", "zh-CN")).toBe(
      "这张卡已经挂失。没有扣款。如果是您找回的卡，请到营业厅解除挂失。",
    );
  });
});

describe("voice", () => {
  it("has a text for each prompt that ends in a full stop, so that a reader pauses", () => {
    for (const key of voicePromptKeys) expect(voiceTexts["zh-CN"][key]).toMatch(/[。？，]$/);
  });
});

describe("fill", () => {
  it("puts values in and refuses a text whose value is missing", () => {
    expect(fill("请在 {seconds} 秒内刷码支付", { seconds: 60 })).toBe("请在 60 秒内刷码支付");
    expect(() => fill("{gone}", {})).toThrow(/gone/);
  });
});
