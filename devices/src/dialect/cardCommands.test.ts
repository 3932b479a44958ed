/** The dialects against readers that speak them, and what the port keeps from ever going out. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReaderChip, ReaderResult } from "../card-reader.ts";
import { acs, acsReversed } from "./acs.ts";
import { type CardCommands, cardCommands } from "./cardCommands.ts";
import {
  acsReader,
  type ChipInReader,
  chipInReader,
  omnikeyReader,
  pcsc3Reader,
  type VirtualCard,
} from "./cards.testkit.ts";
import { dialectOf, dialects } from "./dialects.ts";
import { type MemoryCardDialect, type MemoryChip, memoryBytes } from "./memoryCardDialect.ts";
import { omnikey } from "./omnikey.ts";
import { pcsc3 } from "./pcsc3.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const failed = (reason: string) => ({ ok: false, reason });

/** Power-up "p" of a card in a reader. */
function withCard(dialect: MemoryCardDialect, card: VirtualCard) {
  const sent: string[] = [];
  const commands = cardCommands(
    {
      unable: (powerUpId) => (powerUpId === "p" ? null : "stale"),
      transmit: async (_, command) => {
        sent.push(Buffer.from(command).toString("hex"));
        return { ok: true, value: card(command) };
      },
    },
    () => dialect,
  );
  return { commands, sent };
}
const families: readonly (readonly [string, MemoryCardDialect, (chip: ChipInReader) => VirtualCard])[] = [
  ["ACS", acs, (chip) => acsReader(chip)],
  ["ACS with protection bits", acs, (chip) => acsReader(chip, { protection: true })],
  ["ACS with an AT88SC102's bits reversed", acsReversed, (chip) => acsReader(chip, { reversed: true })],
  ["OMNIKEY", omnikey, omnikeyReader],
  ["PC/SC part 3", pcsc3, pcsc3Reader],
];
const secrets: Partial<Record<MemoryChip, Uint8Array>> = {
  sle4442: hex("a1b2c3"),
  sle4428: hex("a1b2"),
  at88sc102: hex("a1b2"),
};
/** Where an issued chip can be written, whatever it is. */
const free: Readonly<Record<MemoryChip, readonly [from: number, to: number]>> = {
  sle4442: [32, 256],
  sle4428: [32, 1021],
  at24c01: [0, 128],
  at24c02: [0, 256],
  at24c16: [0, 2048],
  at88sc102: [22, 86],
};

describe.each(families)("%s", (_name, dialect, reader) => {
  const kinds = Object.keys(dialect.chips) as MemoryChip[];
  const writable = kinds.filter((kind) => secrets[kind] === undefined || dialect.chips[kind]?.present !== undefined);

  async function opened(kind: MemoryChip): Promise<{ chip: ChipInReader; commands: CardCommands; sent: string[] }> {
    const chip = chipInReader(kind);
    const { commands, sent } = withCard(dialect, reader(chip));
    expect(await commands.select("p", kind)).toEqual({ ok: true, value: null });
    const secret = secrets[kind];
    if (secret !== undefined) {
      const full = await commands.counter("p");
      expect(await commands.present("p", secret)).toEqual(full);
    }
    return { chip, commands, sent };
  }

  it.each(writable)("%s: reads back what it wrote, whatever and wherever", async (kind) => {
    const [from, to] = free[kind];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: from, max: to - 1 }),
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        async (offset, bytes) => {
          const data = bytes.subarray(0, Math.min(to - offset, kind === "at88sc102" ? 64 : 256));
          const { chip, commands } = await opened(kind);
          expect(await commands.write("p", offset, data)).toEqual({ ok: true, value: null });
          const read = await commands.read("p", offset, data.length);
          expect(read).toEqual({ ok: true, value: data });
          expect(chip.read(offset, data.length)).toEqual(data);
        },
      ),
    );
  });

  it.each(kinds)("%s: reads all there is", async (kind) => {
    const chip = chipInReader(kind);
    const { commands } = withCard(dialect, reader(chip));
    await commands.select("p", kind);
    for (let at = 0; at < memoryBytes[kind]; at += 256) {
      const length = Math.min(256, memoryBytes[kind] - at);
      expect(await commands.read("p", at, length)).toEqual({ ok: true, value: Uint8Array.from(chip.read(at, length)) });
    }
  });

  it.each(writable.filter((kind) => secrets[kind] !== undefined))(
    "%s: a wrong secret costs one try, and opens nothing",
    async (kind) => {
      const chip = chipInReader(kind);
      const { commands } = withCard(dialect, reader(chip));
      const tries = (): number => chip.counter().toString(2).replaceAll("0", "").length;
      const all = tries();
      await commands.select("p", kind);
      expect(
        await commands.present(
          "p",
          (secrets[kind] ?? hex("")).map((byte) => byte ^ 1),
        ),
      ).toEqual(failed("wrongSecret"));
      expect(tries()).toBe(all - 1);
      const before = chip.read(40, 1);
      await commands.write(
        "p",
        40,
        before.map((byte) => byte & 0x0f),
      );
      expect(chip.read(40, 1)).toEqual(before);
    },
  );

  it.each(writable.filter((kind) => dialect.chips[kind]?.rekey !== undefined))(
    "%s: changes its secret",
    async (kind) => {
      const { chip, commands } = await opened(kind);
      const next = (secrets[kind] ?? hex("")).map((byte) => byte ^ 0xff);
      expect(await commands.rekey("p", next)).toEqual({ ok: true, value: chip.counter() });
      chip.powerOff();
      expect(chip.present(next)).toBe(true);
    },
  );

  it("cards with a secret whose counter can't be asked for are never shown one", async () => {
    for (const kind of kinds.filter(
      (each) => secrets[each] !== undefined && dialect.chips[each]?.counter === undefined,
    )) {
      const { commands, sent } = withCard(dialect, reader(chipInReader(kind)));
      await commands.select("p", kind);
      expect(await commands.counter("p")).toEqual(failed("readerFault"));
      expect(await commands.present("p", secrets[kind] ?? hex(""))).toEqual(failed("readerFault"));
      expect(sent).toEqual([]);
    }
  });
});

describe("cardCommands", () => {
  const everything = (commands: CardCommands, powerUpId: string): Promise<ReaderResult<unknown>>[] => [
    commands.read(powerUpId, 0, 1),
    commands.counter(powerUpId),
    commands.present(powerUpId, hex("a1b2c3")),
    commands.write(powerUpId, 40, hex("00")),
    commands.rekey(powerUpId, hex("a1b2c3")),
    commands.erase(powerUpId, 22, hex("010203040506")),
    commands.transmit(powerUpId, hex("0084000004")),
  ];

  it("sends nothing before a chip was selected, nor to another power-up", async () => {
    const { commands, sent } = withCard(acs, acsReader(chipInReader("sle4442")));
    for (const result of await Promise.all(everything(commands, "p"))) expect(result).toEqual(failed("readerFault"));
    expect(await commands.select("p", "sle4442")).toEqual({ ok: true, value: null });
    for (const result of await Promise.all(everything(commands, "old"))) expect(result).toEqual(failed("stale"));
    expect(await commands.select("old", "cpu")).toEqual(failed("stale"));
    expect(sent).toEqual(["ffa400000106"]);
  });

  it("what was selected for one power-up counts for nothing in the next", async () => {
    const sent: string[] = [];
    const card = acsReader(chipInReader("sle4442"));
    let inside = "p";
    const commands = cardCommands(
      {
        unable: (powerUpId) => (powerUpId === inside ? null : "stale"),
        transmit: async (_, command) => {
          sent.push(Buffer.from(command).toString("hex"));
          return { ok: true, value: card(command) };
        },
      },
      () => acs,
    );
    await commands.select("p", "sle4442");
    inside = "next";
    for (const result of await Promise.all(everything(commands, "next"))) expect(result).toEqual(failed("readerFault"));
    expect(sent).toEqual(["ffa400000106"]);
  });

  it("a select that failed leaves nothing selected", async () => {
    const { commands, sent } = withCard(acs, acsReader(chipInReader("sle4442")));
    await commands.select("p", "sle4442");
    expect(await commands.select("p", "sle4428")).toEqual(failed("readerFault"));
    for (const result of await Promise.all(everything(commands, "p"))) expect(result).toEqual(failed("readerFault"));
    expect(sent).toEqual(["ffa400000106", "ffa400000105"]);
  });

  it("a secret is changed only by whoever showed the old one", async () => {
    const { commands, sent } = withCard(omnikey, omnikeyReader(chipInReader("sle4442")));
    await commands.select("p", "sle4442");
    expect(await commands.rekey("p", hex("010203"))).toEqual(failed("readerFault"));
    await commands.present("p", hex("a1b2c3"));
    await commands.select("p", "sle4442");
    expect(await commands.rekey("p", hex("010203"))).toEqual(failed("readerFault"));
    expect(sent.filter((command) => command.startsWith("ff21"))).toEqual([]);
  });

  it.each(["at24c01", "at24c02", "at24c16", "at88sc102"] as const satisfies ReaderChip[])(
    "OMNIKEY refuses %s with nothing sent",
    async (kind) => {
      const { commands, sent } = withCard(omnikey, omnikeyReader(chipInReader(kind)));
      expect(await commands.select("p", kind)).toEqual(failed("readerFault"));
      expect(sent).toEqual([]);
    },
  );

  it("a CPU card gets its commands as they are, powered up by the line, in every dialect", async () => {
    for (const dialect of Object.values(dialects)) {
      const sent: string[] = [];
      const answers = ["6106", "6f028400" + "01029000", "6c04", "aabbccdd9000", "6982"];
      const commands = cardCommands(
        {
          unable: () => null,
          powerUp: async () => {
            sent.push("power");
            return { ok: true, value: null };
          },
          transmit: async (_, apdu) => {
            sent.push(Buffer.from(apdu).toString("hex"));
            return { ok: true, value: hex(answers.shift() ?? "") };
          },
        },
        () => dialect,
      );
      await commands.select("p", "cpu");
      expect(await commands.transmit("p", hex("00a4040002aaaa"))).toEqual({ ok: true, value: hex("6f02840001029000") });
      expect(await commands.transmit("p", hex("0084000008"))).toEqual({ ok: true, value: hex("aabbccdd9000") });
      expect(await commands.transmit("p", hex("00b0810002"))).toEqual({ ok: true, value: hex("6982") });
      expect(await commands.transmit("p", hex("00b0810002"))).toEqual(failed("removed"));
      expect(await commands.read("p", 0, 1)).toEqual(failed("readerFault"));
      expect(sent).toEqual([
        "power",
        "00a4040002aaaa",
        "00c0000006",
        "0084000008",
        "0084000004",
        "00b0810002",
        "00b0810002",
      ]);
    }
  });

  it("a card that always has more to say is not asked for ever", async () => {
    let asked = 0;
    const { commands } = withCard(acs, () => {
      asked++;
      return hex("6101");
    });
    await commands.select("p", "cpu");
    expect((await commands.transmit("p", hex("0084000004"))).ok).toBe(true);
    expect(asked).toBe(5);
  });

  it("goes by the reader's name where no setting says otherwise", () => {
    expect(dialectOf("HID Global OMNIKEY 3x21 Smart Card Reader [OMNIKEY 3x21] 00 00").name).toBe("omnikey");
    expect(dialectOf("ACS ACR39U ICC Reader 00 00").name).toBe("acs");
    expect(dialectOf("Virtual PCD 00 00").name).toBe("acs");
  });
});
