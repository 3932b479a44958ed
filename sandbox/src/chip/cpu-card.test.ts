/** Goal: a CPU card proves itself as FMCOS documents it, and refuses by the documented words. */
import { expect, test } from "vitest";
import { bytesOf, toHex } from "../hex.ts";
import { CpuCard, type CpuCardState } from "./cpu-card.ts";

// Keys and plaintexts of the standards' own examples: GM/T 0002 A.1, and FIPS 46-3 with its key in both halves.
const desKey = "0123456789abcdef0123456789abcdef";
const sm4Key = "0123456789abcdeffedcba9876543210";

function card(cipher: CpuCardState["cipher"], over: Partial<CpuCardState> = {}): CpuCard {
  const internalKeys = [
    { id: 1, keyHex: cipher === "sm4" ? sm4Key : desKey },
    { id: 2, keyHex: "11".repeat(16), locked: true },
  ];
  const files = [{ sfi: 1, contentHex: "00", keyHex: "02".repeat(16) }];
  const state = { kind: "cpu", aidHex: "a001", cipher, files, externalKeyHex: "03".repeat(16), tries: 3 } as const;
  const chip = CpuCard.of({ ...state, internalKeys, ...over });
  expect(chip.open()).toBe(true);
  return chip;
}
const says = (chip: CpuCard, command: string): string => toHex(chip.apdu(bytesOf(command)));

test("what it is asked comes back enciphered, by both ciphers", () => {
  expect(says(card("3des"), "00880001084e6f772069732074")).toBe("3fa40e8a984d48159000");
  expect(says(card("sm4"), `0088000110${sm4Key}`)).toBe("681edf34d206965e86b3e94f536e42469000");
});

test("an SM4 card fills a short challenge up with 00; with an Le behind it is the same command", () => {
  const filled = says(card("sm4"), `008800011011223344556677880000000000000000`);
  expect(says(card("sm4"), "0088000108112233445566778800".slice(0, -2))).toBe(filled);
  expect(says(card("3des"), "00880001084e6f77206973207408")).toBe("3fa40e8a984d48159000");
});

test.each([
  ["another key", "00880003084e6f772069732074", "6a88"],
  ["a locked key", "00880002084e6f772069732074", "6983"],
  ["to decipher", "00880101084e6f772069732074", "6a86"],
  ["too short", "0088000107 4e6f7720697320", "6700"],
  ["too long for its cipher", `0088000110${sm4Key}`, "6700"],
  ["less than it announces", "00880001084e6f77", "6700"],
  ["nothing", "0088000100", "6700"],
])("refused, and said how: %s", (_what, command, word) => {
  expect(says(card("3des"), command.replaceAll(" ", ""))).toBe(word);
});

test("before the application was selected there is no key", () => {
  const chip = card("3des");
  chip.powerOff();
  expect(says(chip, "00880001084e6f772069732074")).toBe("6985");
});

test("proving itself uses a challenge up and no try", () => {
  const chip = card("3des");
  const before = chip.state();
  expect(says(chip, "0084000008")).toMatch(/9000$/);
  says(chip, "00880001084e6f772069732074");
  expect(says(chip, "00820000080000000000000000")).toBe("6984");
  expect(chip.state()).toEqual(before);
});

test("a card from before there were such keys has none, and keeps that over a restart", () => {
  const { internalKeys: _, ...old } = card("3des").state();
  const chip = CpuCard.of(old);
  chip.open();
  expect(says(chip, "00880001084e6f772069732074")).toBe("6a88");
  expect(CpuCard.of(chip.state()).state()).toEqual(chip.state());
});
