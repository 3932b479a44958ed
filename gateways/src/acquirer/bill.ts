import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { assertDay, keeping, type Limits, type Seen, silentBill, spool } from "../bills/download.ts";
import type { BillFetch, BillSource } from "../bills/port.ts";
import { jsonOf } from "../json.ts";
import { bytesOf, Damaged } from "../oneRequest.ts";
import type { AcquirerClient } from "./client.ts";
import { answerOf } from "./replies.ts";

/**
 * The bill comes inside a signed JSON answer, as base64, and may be large: the answer goes to a file as it comes, its
 * signature is checked over the hash, then the bill is taken out of it piece by piece. So the answer has one fixed form
 * (docs/acquirer.md).
 */
const OK_HEAD = /^\{"result":"OK","sha256":"([0-9a-f]{64})","csv":"/;
const TAIL = '"}';
/** The last four signs, which alone may hold padding, and the tail. */
const KEPT_BACK = 4 + TAIL.length;

export function acquirerBills(client: AcquirerClient, { timeoutMs, maxBytes }: Limits): BillSource {
  return {
    kinds: ["trade"],
    async fetch({ day, kind }, file) {
      assertDay(day);
      const spooled = `${file}.reply`;
      try {
        return await keeping(file, async (part) => {
          if (kind !== "trade") return { kind: "misconfigured", code: "noFundBill" };
          const answer = await client.stream("bill", { day }, timeoutMs, async (reply) => {
            const value = await spool(bytesOf(reply), spooled, maxBytes);
            return { bodySha256: value.sha256, value };
          });
          if (answer.kind === "silent") return silentBill(answer.why);
          return await billOf(answer.value, spooled, part, maxBytes);
        });
      } finally {
        await rm(spooled, { force: true });
      }
    },
  };
}

async function billOf(reply: Seen, spooled: string, part: string, maxBytes: number): Promise<BillFetch> {
  const head = OK_HEAD.exec(reply.head.toString("latin1"));
  if (head === null) return otherAnswer(reply);
  const csv: AsyncIterable<Buffer> = createReadStream(spooled, { start: head[0].length });
  const seen = await spool(base64Of(csv), part, maxBytes);
  if (seen.sha256 !== head[1]) return { kind: "damaged", why: "sha256" };
  return { kind: "file", format: "acquirer-trade-csv", sizeBytes: seen.sizeBytes, sha256: seen.sha256 };
}

/** The bytes that a piecewise base64 text stands for, up to the tail. @throws Damaged for anything else. */
async function* base64Of(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = "";
  for await (const part of parts) {
    rest += part.toString("latin1");
    const whole = Math.max(0, Math.floor((rest.length - KEPT_BACK) / 4) * 4);
    yield decoded(rest.slice(0, whole), /^[0-9A-Za-z+/]*$/);
    rest = rest.slice(whole);
  }
  if (!rest.endsWith(TAIL) || (rest.length - TAIL.length) % 4 !== 0) throw new Damaged("base64");
  yield decoded(rest.slice(0, -TAIL.length), /^[0-9A-Za-z+/]*={0,2}$/);
}

/** Node's decoder leaves out what is no base64. */
function decoded(text: string, form: RegExp): Buffer {
  if (!form.test(text)) throw new Damaged("base64");
  return Buffer.from(text, "base64");
}

function otherAnswer({ head, sizeBytes }: Seen): BillFetch {
  const answer = sizeBytes > head.byteLength ? null : answerOf(jsonOf(head));
  switch (answer?.result) {
    case "EMPTY":
      return { kind: "empty" };
    case "NOT_READY":
      return { kind: "notReady" };
    case "SETUP":
      return { kind: "misconfigured", code: answer.reason };
    default:
      return { kind: "unknown", why: answer === null ? "noResult" : `result.${answer.reason}` };
  }
}
