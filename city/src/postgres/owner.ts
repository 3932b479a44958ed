/**
 * Who runs PostgreSQL. It refuses to run as root, so root hands it to an unprivileged user, and then programs and data
 * have to lie where that user can reach them: not under root's own home, which is closed to others.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** Undefined wherever it is optional: we stay who we are. */
export interface Owner {
  uid: number;
  gid: number;
}

const anybody: Owner = { uid: 65534, gid: 65534 };

/** The user of that name in passwd(5) text. */
export function userIn(passwd: string, name: string): Owner | undefined {
  for (const line of passwd.split("\n")) {
    const [user, , uid, gid] = line.split(":");
    if (user === name && /^\d+$/.test(uid ?? "") && /^\d+$/.test(gid ?? ""))
      return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** For root: who owns the cluster already, else `postgres`, else nobody. For all others: themselves (undefined). */
export function chooseOwner(clusterDir: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const stat = fs.statSync(clusterDir, { throwIfNoEntry: false });
  if (stat && stat.uid !== 0) return { uid: stat.uid, gid: stat.gid };
  let passwd = "";
  try {
    passwd = fs.readFileSync("/etc/passwd", "utf8");
  } catch {
    // No user list: the numeric nobody works without one.
  }
  return userIn(passwd, "postgres") ?? userIn(passwd, "nobody") ?? anybody;
}

/** Whether that user can enter the folder or run the file; asked of the kernel, which knows all kinds of rights. */
export function canReach(owner: Owner | undefined, target: string): boolean {
  const tried = spawnSync("/bin/sh", ["-c", 'test -x "$0"', target], {
    cwd: "/",
    stdio: "ignore",
    timeout: 10_000,
    ...(owner ?? {}),
  });
  if (tried.error) throw new Error(`cannot run a program as user ${owner?.uid ?? "this"}: ${tried.error.message}`);
  return tried.status === 0;
}

/** Gives a folder (only itself) to the owner. */
export function give(dir: string, owner: Owner | undefined, mode: number): void {
  fs.chmodSync(dir, mode);
  if (owner) fs.chownSync(dir, owner.uid, owner.gid);
}

/**
 * A folder for what a root start has to put elsewhere. /var/lib first: /var/tmp and /tmp are swept by many systems.
 * A folder that somebody else owns or may write is passed over: programs are run from here.
 */
export function reachableBase(owner: Owner, candidates: readonly string[] = defaultBases()): string {
  for (const dir of candidates) {
    try {
      fs.mkdirSync(dir, { recursive: true, mode: 0o755 });
      const stat = fs.lstatSync(dir);
      if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o022) !== 0) continue;
      fs.chmodSync(dir, 0o755);
      const probe = path.join(dir, `.probe-${randomBytes(4).toString("hex")}`);
      fs.mkdirSync(probe);
      fs.rmdirSync(probe);
      if (canReach(owner, dir)) return dir;
    } catch {
      // Not here (read-only, no rights): the next one.
    }
  }
  throw new Error(`No folder for PostgreSQL that user ${owner.uid} can reach: tried ${candidates.join(", ")}`);
}

function defaultBases(): string[] {
  return ["/var/lib/citygas", "/var/tmp/citygas", path.join(os.tmpdir(), "citygas")];
}
