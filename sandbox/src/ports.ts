import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Type } from "typebox";
import { Compile } from "typebox/compile";

/** Ports of one life of the sandbox, kept in its folder so that the next life listens on the same ones. */
const Port = Type.Integer({ minimum: 0, maximum: 65_535 });
const Ports = Type.Object({
  api: Port,
  wechat: Port,
  alipay: Port,
  /** Absent in the file of an earlier build. */
  acquirer: Type.Optional(Port),
  readers: Type.Record(Type.String(), Port),
  scanners: Type.Record(Type.String(), Port),
  printers: Type.Record(Type.String(), Port),
});
export type Ports = Type.Static<typeof Ports>;

const check = Compile(Type.Object({ ports: Ports }));
const NONE: Ports = { api: 0, wechat: 0, alipay: 0, readers: {}, scanners: {}, printers: {} };

/** Ports of the last life; 0 and nothing when there was none or its file cannot be read: then any port will do. */
export function readLastPorts(dir: string): Ports {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dir, "ports.json"), "utf8"));
    return check.Check(value) ? value.ports : NONE;
  } catch {
    return NONE;
  }
}

/** Replaces `ports.json` as a whole. It holds the merchant's private keys, so only the owner may read it. */
export function writePorts(dir: string, content: { ports: Ports } & Record<string, unknown>): void {
  const path = join(dir, "ports.json");
  writeFileSync(`${path}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
