import { expect, it } from "vitest";
import { makeLog } from "./log.ts";

const logged = (write: (log: ReturnType<typeof makeLog>) => void): string => {
  const lines: string[] = [];
  write(makeLog("info", { write: (line) => void lines.push(line) }));
  return lines.join("");
};

it("masks secrets, payment codes and people, also a level or two down", () => {
  const text = logged((log) => {
    log.info({ authCode: "134567890123456789", purchaseId: "p1" }, "pay");
    log.info({ request: { body: { code: "134567890123456789" }, headers: { authorization: "Bearer xyz" } } }, "in");
    log.info({ customer: { holderName: "样例甲", address: "样例小区" }, card: { pscHex: "a1b2c3" } }, "sale");
  });
  expect(text).toContain("p1");
  for (const secret of ["134567890123456789", "xyz", "样例", "a1b2c3"]) expect(text).not.toContain(secret);
});

it("keeps of an error only what names the fault", () => {
  const error = Object.assign(new Error("duplicate key"), { code: "23505", detail: "Key (name)=(样例甲) exists" });
  const text = logged((log) => log.error({ err: error }, "failed"));
  expect(text).toContain("23505");
  expect(text).toContain("duplicate key");
  expect(text).not.toContain("样例甲");
});
