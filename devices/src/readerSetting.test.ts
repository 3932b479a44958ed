import { describe, expect, it } from "vitest";
import { parseReader } from "./readerSetting.ts";

const parse = (reader: string, dialect: string | null = null, baudRate: string | null = null) =>
  parseReader({ reader, dialect, baudRate });

describe("parseReader", () => {
  it("takes each kind of reader", () => {
    const tcp = { kind: "tcp", url: "tcp://127.0.0.1:7001" };
    expect(parse("tcp://127.0.0.1:7001")).toEqual({ kind: "virtual", url: tcp.url, dialect: null });
    expect(parse("pcsc:")).toEqual({ kind: "pcsc", name: "", dialect: null });
    expect(parse("pcsc:HID Global OMNIKEY", "omnikey")).toEqual({
      kind: "pcsc",
      name: "HID Global OMNIKEY",
      dialect: "omnikey",
    });
    expect(parse("ccid:tcp://127.0.0.1:7001", "pcsc3")).toEqual({ kind: "ccid", place: tcp, dialect: "pcsc3" });
    expect(parse("crt:tcp://127.0.0.1:7001")).toEqual({ kind: "crt", place: tcp });
    const serial = { kind: "serial", path: "/dev/serial/by-id/crt" };
    expect(parse("crt:/dev/serial/by-id/crt")).toEqual({ kind: "crt", place: { ...serial, baudRate: 9_600 } });
    expect(parse("crt:/dev/serial/by-id/crt", null, "38400")).toEqual({
      kind: "crt",
      place: { ...serial, baudRate: 38_400 },
    });
  });

  it.each([
    ["", null, null, "reader"],
    ["/dev/ttyS0", null, null, "reader"],
    ["http://127.0.0.1:1", null, null, "reader"],
    ["crt:", null, null, "reader"],
    ["crt:tcp://127.0.0.1:99999", null, null, "reader"],
    ["ccid:pcsc:X", null, null, "reader"],
    ["pcsc:X", "toString", null, "dialect"],
    ["pcsc:X", "ACS", null, "dialect"],
    ["crt:/dev/ttyS0", "acs", null, "dialect"],
    ["crt:/dev/ttyS0", null, "9601", "baudRate"],
    ["crt:/dev/ttyS0", null, "", "baudRate"],
    ["pcsc:X", null, "9600", "baudRate"],
    ["crt:tcp://127.0.0.1:7001", null, "9600", "baudRate"],
  ])("names what is wrong in %s, %s, %s", (reader, dialect, baudRate, wrong) => {
    expect(parse(reader, dialect, baudRate)).toMatchObject({ wrong });
  });
});
