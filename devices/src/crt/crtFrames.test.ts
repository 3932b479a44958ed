import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { crtFrame, crtReply, crtTokens } from "./crtFrames.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const numRuns = inject("long") ? 1_000_000 : 5_000;
const body = fc.uint8Array({ minLength: 2, maxLength: 300 });

describe("CRT frames", () => {
  it("are the published bytes", () => {
    // The maker's own example: read the serial number (CRT-188).
    expect(text(crtFrame(hex("303a")))).toBe("020002303a0309");
    expect(text(crtFrame(hex("5333 00b0000002")))).toBe(text(hex("02 0007 53 33 00b0000002 03 d4")));
  });

  it("come whole out of a stream cut anywhere, with acknowledgements and noise between them", () => {
    const piece = fc.oneof(
      body.map((bytes) => ({ sent: crtFrame(bytes), token: { type: "frame" as const, body: bytes } })),
      fc
        .constantFrom([0x06, "ack"] as const, [0x15, "nak"] as const, [0x04, "eot"] as const)
        .map(([byte, type]) => ({ sent: Uint8Array.of(byte), token: { type } })),
      fc.constantFrom(0x00, 0xff, 0x59, 0x7f).map((byte) => ({ sent: Uint8Array.of(byte), token: null })),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (pieces, sizes) => {
          const stream = Buffer.concat(pieces.map(({ sent }) => sent));
          const tokens = crtTokens();
          const got = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = sizes[i % sizes.length] ?? 1;
            got.push(...tokens.push(stream.subarray(at, at + size)));
            at += size;
          }
          expect(got).toEqual(pieces.map(({ token }) => token).filter((token) => token !== null));
        },
      ),
    );
  });

  it("with one byte changed are never taken for what was sent", () => {
    fc.assert(
      fc.property(body, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, where, flip) => {
        const frame = crtFrame(bytes);
        const at = where % frame.length;
        frame[at] = (frame[at] ?? 0) ^ flip;
        for (const token of crtTokens().push(frame)) if (token.type === "frame") throw new Error("believed");
      }),
      { numRuns },
    );
  });

  it("of any noise: nothing throws, and no more is kept than one frame", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 10 }), (chunks) => {
        const tokens = crtTokens();
        for (const chunk of chunks)
          for (const token of tokens.push(chunk))
            if (token.type === "frame" && token.body.length < 2) throw new Error("too short");
      }),
      { numRuns },
    );
    const tokens = crtTokens();
    expect(tokens.push(hex("02 ffff 00"))).toEqual([{ type: "bad" }]);
    expect(tokens.push(hex("06"))).toEqual([{ type: "ack" }]);
  });

  it("of the newer protocol are told by their first byte, and nothing in them is taken for a frame", () => {
    // The maker's example for the CRT-288: an answer of ten bytes.
    const tokens = crtTokens().push(hex("f2000f5051333132225385ffecb59fb490000326"));
    expect(tokens).toEqual([{ type: "f2" }]);
  });

  it("a reply is one to its own command only", () => {
    const asked = hex("3130");
    expect(crtReply(asked, hex("3130 59 3032"))).toEqual({ ok: true, data: hex("3032") });
    expect(crtReply(asked, hex("3130 4e 3130"))).toEqual({ ok: false, error: "jam" });
    expect(crtReply(asked, hex("3130 4e 3939"))).toEqual({ ok: false, error: "other" });
    expect(crtReply(asked, hex("3131 59"))).toBeNull();
    expect(crtReply(asked, hex("3130 00"))).toBeNull();
    expect(crtReply(asked, hex("3130"))).toBeNull();
  });
});
