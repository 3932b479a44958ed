import { expect, test } from "vitest";
import { fromHex, toHex } from "../hex.ts";
import { cpuCommands, cpuStatus, macInput, sealedUpdate, withMac } from "./cpu-card.ts";
import { cpuCryptogram, cpuMac, diversifiedKey } from "./cpu-mac.ts";

const bytes = (hex: string): Uint8Array => {
  const found = fromHex(hex);
  if (found === null) throw new Error(`not hex: ${hex}`);
  return found;
};
const master = bytes("ffeeddccbbaa99887766554433221100");
const factor = bytes("6100000012345678");
const tripleKey = bytes("8d136beeb8b0460362b0a3c836af2131");

test("commands are the ones of the standard, byte for byte", () => {
  expect(toHex(cpuCommands.select(bytes("a000000386070100")))).toBe("00a4040008a000000386070100");
  expect(toHex(cpuCommands.selectFile(0x3f01))).toBe("00a40000023f01");
  expect(toHex(cpuCommands.readBinary(0x15, 10, 8))).toBe("00b0950a08");
  expect(toHex(cpuCommands.getChallenge(4))).toBe("0084000004");
  expect(toHex(cpuCommands.externalAuthenticate(1, factor))).toBe("00820001086100000012345678");
  expect(toHex(cpuCommands.internalAuthenticate(2, factor))).toBe("00880002086100000012345678");
  expect(toHex(cpuCommands.updateBinary(0x16, 0, bytes("0102")))).toBe("00d69600020102");
});

test("a sealed update counts its MAC in Lc and ends in it", () => {
  const update = sealedUpdate(0x16, 0, bytes("00000008000005dc013528ed"));
  expect(toHex(macInput(update))).toBe("04d696001000000008000005dc013528ed");
  const mac = cpuMac("tripleDes", tripleKey, bytes("11223344"), macInput(update));
  expect(toHex(withMac(update, mac))).toBe("04d696001000000008000005dc013528edf5a92ed7");
});

test("keys of one card from a master, by both ciphers", () => {
  expect(toHex(diversifiedKey("tripleDes", master, factor))).toBe(toHex(tripleKey));
  expect(toHex(diversifiedKey("sm4", master, factor))).toBe("13c16c4f94c83c6dff2f2db1855d529a");
});

test("SM4 enciphers the standard's own example", () => {
  // GM/T 0002 appendix A.1: key and plaintext alike. A 16-byte challenge is one block.
  const key = bytes("0123456789abcdeffedcba9876543210");
  expect(toHex(cpuCryptogram("sm4", key, key))).toBe("681edf34d206965e86b3e94f536e4246");
});

test("a MAC hangs on the key, the challenge and every byte", () => {
  const input = bytes("04d696001000000008000005dc013528ed");
  for (const cipher of ["tripleDes", "sm4"] as const) {
    const mac = toHex(cpuMac(cipher, tripleKey, bytes("1122334455667788"), input));
    expect(mac).toHaveLength(8);
    expect(toHex(cpuMac(cipher, master, bytes("1122334455667788"), input))).not.toBe(mac);
    expect(toHex(cpuMac(cipher, tripleKey, bytes("1122334455667789"), input))).not.toBe(mac);
    for (let at = 0; at < input.length; at++) {
      const other = input.slice();
      other[at] = (other[at] ?? 0) ^ 0x10;
      expect(toHex(cpuMac(cipher, tripleKey, bytes("1122334455667788"), other))).not.toBe(mac);
    }
  }
});

test("status words in words", () => {
  const found = ["9000", "63c2", "6983", "6984", "6988", "9302", "6982", "6882", "6a82", "6d00", "63ca"].map(cpuStatus);
  expect(found).toEqual([
    "done",
    "wrongKey",
    "locked",
    "noChallenge",
    "wrongMac",
    "wrongMac",
    "notAllowed",
    "notAllowed",
    "noFile",
    "other",
    "wrongKey",
  ]);
});

test("programmer's errors throw", () => {
  expect(() => cpuCommands.readBinary(0, 0, 1)).toThrow(RangeError);
  expect(() => cpuCommands.readBinary(31, 0, 1)).toThrow(RangeError);
  expect(() => cpuCommands.readBinary(1, 256, 1)).toThrow(RangeError);
  expect(() => sealedUpdate(1, 0, new Uint8Array(252))).toThrow(RangeError);
  expect(() => withMac(sealedUpdate(1, 0, factor), factor)).toThrow(RangeError);
  expect(() => cpuMac("tripleDes", factor, factor, factor)).toThrow(RangeError);
  expect(() => cpuMac("tripleDes", master, new Uint8Array(16), factor)).toThrow(RangeError);
  expect(() => diversifiedKey("sm4", master, master)).toThrow(RangeError);
});
