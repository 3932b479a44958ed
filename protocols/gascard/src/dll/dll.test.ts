import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { classRules, mayFinishAt, mayWriteAt } from "../class-rules.ts";
import { conformance } from "../conformance/conformance.ts";
import { identifyImage, layoutByName } from "../layouts.ts";
import { type DllCard, dllCard, dllClaim, dllProblem } from "./dllFields.ts";
import { dllDriver, dllImage, dllSale } from "./dllLayout.ts";

const maker = { name: "xianfeng", mark: "XF" };
const other = { name: "dandong", mark: "DD" };
const driver = dllDriver(maker);
const card: DllCard = {
  kh: "0311203086",
  dqdm: "0996",
  kzt: 1,
  klx: 1,
  ql: 0,
  cs: 3,
  ljgql: 250,
  bkcs: 1,
  ljyql: 23_456,
  syql: 1_544,
  bjql: 10,
  czsx: 600,
  tzed: 0,
  sqrq: "20261101",
};
const imageOf = (over: Partial<DllCard> = {}) => dllImage(maker, { ...card, ...over });
const sold = {
  countBefore: 3,
  totalBefore: 250_000,
  amount: { kind: "volume", volumeL: 120_000 },
  boughtOn: "2026-11-29",
} as const;
const after = () => driver.purchaseImage(imageOf() ?? new Uint8Array(0), sold);

describe("a maker behind its DLL", () => {
  it("passes the conformance kit, as class C", () => {
    const whole = conformance(driver, { images: 2_000 });
    expect(whole.filter(({ broken }) => broken !== null)).toEqual([]);
    expect(driver).toMatchObject({ cardClass: "C", name: "dll-xf-volume", checksums: "plain" });
  });

  it("is for kiosk and counter, never for a phone; what is cut goes to a person", () => {
    expect((["kiosk", "desk", "phone"] as const).map((reader) => mayWriteAt(driver, reader))).toEqual([
      true,
      true,
      false,
    ]);
    expect((["kiosk", "desk", "phone"] as const).map((reader) => mayFinishAt(driver, reader))).toEqual([
      false,
      false,
      false,
    ]);
    expect(classRules[driver.cardClass].boughtForLater).toBe(false);
  });

  it("reads in litres what the DLL says in cubic metres", () => {
    expect(driver.read(imageOf() ?? new Uint8Array(0))).toEqual({
      ok: true,
      facts: {
        layout: "dll-xf-volume",
        role: "user",
        cardNumber: "0311203086",
        areaCode: "0996",
        replacement: 1,
        count: 3,
        gas: { kind: "volume", volumeL: 0 },
        boughtOn: "2026-11-01",
        returned: {
          count: 3,
          totalCredited: 250_000,
          registerL: 234_560,
          remaining: 15_440,
          valve: "open",
          batteryLow: false,
        },
        meterCeiling: 600_000,
        alarm: 10_000,
        overdraft: 0,
        price: null,
        keyVersion: 0,
      },
    });
    const unloaded = driver.read(imageOf({ ql: 50 }) ?? new Uint8Array(0));
    expect(unloaded).toMatchObject({
      facts: { gas: { volumeL: 50_000 }, returned: { count: 2, totalCredited: 200_000 } },
    });
    expect(driver.read(imageOf({ cs: 0, ljgql: 0, sqrq: "", syql: -1, ljyql: -1 }) ?? new Uint8Array(0))).toMatchObject(
      {
        facts: { count: 0, boughtOn: null, returned: null },
      },
    );
  });

  it("a sale is told as it shall stand on the card, and read back as what was meant", () => {
    const sale = dllSale(maker, card, after());
    expect(sale).toEqual({ kh: card.kh, dqdm: "0996", ql: 120, cs: 4, ljgql: 370, bkcs: 1, sqrq: "20261129" });
    const written = imageOf({ ql: 120, cs: 4, ljgql: 370, sqrq: "20261129" });
    expect(written).toEqual(after());
  });

  it("no call is made of anything else", () => {
    expect(() =>
      driver.purchaseImage(imageOf() ?? new Uint8Array(0), { ...sold, amount: { kind: "volume", volumeL: 120_500 } }),
    ).toThrow(RangeError);
    expect(dllSale(maker, card, imageOf() ?? new Uint8Array(0))).toBeNull();
    expect(dllSale(maker, { ...card, kh: "0311203087" }, after())).toBeNull();
    expect(dllSale(maker, { ...card, cs: 4, ljgql: 300 }, after())).toBeNull();
    expect(dllSale(maker, { ...card, ql: 50 }, after())).toBeNull();
    expect(dllSale(other, card, after())).toBeNull();
    const places = after().length;
    fc.assert(
      fc.property(fc.nat(places - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const image = after();
        image[at] = (image[at] ?? 0) ^ flip;
        expect(dllSale(maker, card, image)).toBeNull();
      }),
    );
  });

  it("is known to the centre by its mark and by its layout's name, and foreign to another maker", () => {
    expect(dllDriver(other).read(after())).toMatchObject({ ok: false, problem: "foreign" });
    const found = identifyImage(after(), "at24c02");
    expect(found).toMatchObject({ ok: true, identity: { layout: "dll-xf-volume", cardNumber: card.kh } });
    expect(layoutByName("dll-xf-volume")?.read(after())).toMatchObject({ ok: true, facts: { count: 4 } });
    for (const name of ["dll-x-volume", "dll-XF-volume", "dll-xf-money", "dll-xf"])
      expect(layoutByName(name)).toBeNull();
    expect(identifyImage(after(), "sle4442")).toEqual({ ok: false, problem: "foreign" });
    const torn = after();
    torn[40] = 0x55;
    expect(identifyImage(torn, "at24c02")).toMatchObject({ ok: true });
    torn[10] = 0x55;
    expect(identifyImage(torn, "at24c02")).toEqual({ ok: false, problem: "badIdentity" });
  });

  it("fields that can't be are refused, whatever they are", () => {
    expect(dllCard({ ...card })).toEqual(card);
    for (const name of Object.keys(card)) {
      const { [name]: _, ...rest } = { ...card } as Record<string, unknown>;
      expect(dllCard(rest)).toBeNull();
    }
    expect(dllCard({ ...card, ql: 1.5 })).toBeNull();
    expect(dllCard({ ...card, cs: 10_000 })).toBeNull();
    expect(dllCard({ ...card, kh: "03112O3086" })).toBeNull();
    expect(imageOf({ sqrq: "20260231" })).toBeNull();
    expect(imageOf({ ql: 10, ljgql: 5 })).toBeNull();
    expect(imageOf({ cs: 0, ql: 5 })).toBeNull();
    const any = fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.constant(-1), fc.constant(0));
    const fields = fc.record(
      Object.fromEntries(Object.entries(card).map(([name, value]) => [name, fc.oneof(any, fc.constant(value))])),
    );
    let good = 0;
    fc.assert(
      fc.property(fields, (given) => {
        const read = dllCard(given);
        if (read === null) return;
        const image = dllImage(maker, read);
        if (image === null) return;
        good++;
        expect(driver.read(image)).toMatchObject({ ok: true, facts: { cardNumber: read.kh, count: read.cs } });
      }),
      { numRuns: inject("long") ? 1_000_000 : 5_000 },
    );
    expect(good).toBeGreaterThan(0);
  });
});

describe("whose card it is", () => {
  const ask = (...codes: number[]) => dllClaim(codes.map((code, i) => ({ maker: `m${i}`, code })));

  it("is said by one maker, or by nobody", () => {
    expect(ask(-14, 0, -14)).toEqual({ kind: "maker", maker: "m1", role: "gas" });
    expect(ask(1, -14)).toEqual({ kind: "maker", maker: "m0", role: "tool" });
    expect(ask(-14, -13)).toEqual({ kind: "unclear" });
    expect(ask(-5)).toEqual({ kind: "unclear" });
    expect(ask(-14, -14)).toEqual({ kind: "nobody" });
    expect(ask(-4, -4)).toEqual({ kind: "noCard" });
    expect(ask(-4, -14)).toEqual({ kind: "nobody" });
    expect(ask()).toEqual({ kind: "nobody" });
  });

  it("two that claim it are one too many, and one that could not look makes every claim worthless", () => {
    expect(ask(0, -14, 0)).toEqual({ kind: "several", makers: ["m0", "m2"] });
    expect(ask(0, 1)).toEqual({ kind: "several", makers: ["m0", "m1"] });
    expect(ask(0, -2)).toEqual({ kind: "fault", maker: "m1" });
  });

  it("every code has a meaning", () => {
    for (let code = -40; code < 0; code++) expect(typeof dllProblem(code)).toBe("string");
    expect([-4, -9, -16, -18, -25].map(dllProblem)).toEqual([
      "noCard",
      "wrongSecret",
      "otherCard",
      "overLimit",
      "other",
    ]);
  });
});
