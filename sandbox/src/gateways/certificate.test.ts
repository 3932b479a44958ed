import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { makeCertificate } from "./certificate.ts";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

test.each([Date.UTC(2026, 10, 22), Date.UTC(2048, 0, 1)])("a certificate that Node reads and verifies (%i)", (now) => {
  const made = makeCertificate(pem, now);
  const read = new X509Certificate(made.certificatePem);
  expect(read.serialNumber).toBe(made.serial);
  expect(made.serial).toMatch(/^[4-7][0-9A-F]{39}$/);
  expect(read.verify(read.publicKey)).toBe(true);
  expect(read.checkPrivateKey(privateKey)).toBe(true);
  expect(Date.parse(read.validFrom)).toBe(made.from);
  expect(Date.parse(read.validTo)).toBe(made.until);
});
