import { createHash, verify } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { acquirerChannel } from "../acquirer/channel.ts";
import { billTicket as alipayTicket } from "../alipay/bills.ts";
import { alipayChannel } from "../alipay/channel.ts";
import { type Hostile, hostile } from "../hostile.testkit.ts";
import { acquirerReply, keyPair, NOW, rsa, wechatPlatform, wechatReply } from "../signed.testkit.ts";
import { wechatChannel } from "../wechat/channel.ts";
import type { BillRequest } from "./port.ts";

const [ours, theirs, platform] = [keyPair(), keyPair(), wechatPlatform()];
const day = "2026-11-22";
let dir = "";
let file = "";
const opened: Hostile[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "citygas-bills-"));
  file = join(dir, "bill");
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
  rmSync(dir, { recursive: true, force: true });
});
async function at(answer: Parameters<typeof hostile>[0]): Promise<Hostile> {
  const server = await hostile(answer);
  opened.push(server);
  return server;
}
const hash = (name: string, bytes: string | Buffer) => createHash(name).update(bytes).digest("hex");

describe("WeChat Pay", () => {
  const csv = "\ufeff交易时间,公众账号ID\n`2026-11-22 10:00:00,`wx1\n";
  const ticket = { hash_type: "SHA1", hash_value: hash("sha1", csv).toUpperCase(), download_url: "" };
  const LINK = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=a%2Bb";
  type Reply = (response: ServerResponse) => void;

  async function fetchBill(link: Reply, kind: BillRequest["kind"] = "trade") {
    const seen: [string, IncomingMessage][] = [];
    const server = await at((request, _body, response) => {
      seen.push([request.url ?? "", request]);
      if (request.url?.startsWith("/v3/billdownload/")) response.end(csv);
      else link(response);
    });
    const channel = wechatChannel({
      mchid: "1900000109",
      appid: "wx1",
      serial: "AB12",
      privateKeyPem: ours.privateKey,
      platformCerts: platform.platformCerts,
      baseUrl: server.url,
    });
    return { seen, fetched: await channel.bills?.fetch({ day, kind }, file) };
  }
  const says =
    (value: object, status = 200, headers?: Record<string, string>) =>
    (response: ServerResponse) =>
      wechatReply(platform, response, status, value, headers);

  test.each([
    ["trade", "/v3/bill/tradebill?bill_date=2026-11-22&bill_type=ALL", "wechat-trade-csv"],
    ["fund", "/v3/bill/fundflowbill?bill_date=2026-11-22", "wechat-fund-csv"],
  ] as const)("%s: asked for, fetched from the host that is set up, signed", async (kind, path, format) => {
    const { seen, fetched } = await fetchBill(says({ ...ticket, download_url: LINK }), kind);
    expect(fetched).toEqual({ kind: "file", format, sizeBytes: Buffer.byteLength(csv), sha256: hash("sha256", csv) });
    expect(readFileSync(file, "utf8")).toBe(csv);
    expect(seen.map(([url]) => url)).toEqual([path, "/v3/billdownload/file?token=a%2Bb"]);
    const authorization = seen[1]?.[1].headers.authorization ?? "";
    const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(authorization)?.[1] ?? "";
    const text = `GET\n/v3/billdownload/file?token=a%2Bb\n${field("timestamp")}\n${field("nonce_str")}\n\n`;
    const signature = Buffer.from(field("signature"), "base64");
    expect(verify("RSA-SHA256", Buffer.from(text), ours.publicKey, signature)).toBe(true);
  });

  test.each<[string, Reply, object]>([
    ["no bill that day", says({ code: "NO_STATEMENT_EXIST" }, 400), { kind: "empty" }],
    ["not made yet", says({ code: "STATEMENT_CREATING" }, 400), { kind: "notReady" }],
    [
      "an unsigned no",
      says({ code: "NO_STATEMENT_EXIST" }, 400, {}),
      { kind: "unknown", why: "unsigned.NO_STATEMENT_EXIST" },
    ],
    ["no right", says({ code: "NO_AUTH" }, 403), { kind: "misconfigured", code: "NO_AUTH" }],
    ["slow down", says({ code: "FREQUENCY_LIMITED" }, 429), { kind: "unknown", why: "FREQUENCY_LIMITED" }],
    ["an unsigned link", says({ ...ticket, download_url: LINK }, 200, {}), { kind: "unknown" }],
    [
      "another hash",
      says({ ...ticket, hash_value: hash("sha1", "x"), download_url: LINK }),
      { kind: "damaged", why: "sha1" },
    ],
    [
      "a hash of another kind",
      says({ ...ticket, hash_type: "MD5", download_url: LINK }),
      { kind: "unknown", why: "noDownload" },
    ],
    [
      "a link elsewhere",
      says({ ...ticket, download_url: "https://h/v3/other" }),
      { kind: "unknown", why: "downloadUrl" },
    ],
    ["no link", says({ ...ticket, download_url: "file" }), { kind: "unknown", why: "downloadUrl" }],
  ])("%s", async (_name, link, fetched) => {
    expect((await fetchBill(link)).fetched).toMatchObject(fetched);
    expect(readdirSync(dir)).toEqual([]);
  });

  test("a day is a day", async () => {
    const channel = wechatChannel({
      mchid: "1",
      appid: "wx1",
      serial: "AB12",
      privateKeyPem: ours.privateKey,
      platformCerts: platform.platformCerts,
    });
    await expect(channel.bills?.fetch({ day: "2026-11-22&x=1", kind: "trade" }, file)).rejects.toThrow("not a day");
  });
});

describe("Alipay", () => {
  const zip = Buffer.from("PK\u0003\u0004 and the rest", "latin1");

  async function fetchBill(body: object, bill: Buffer = zip, kind: BillRequest["kind"] = "trade") {
    const asked: unknown[] = [];
    const server = await at((request, form, response) => {
      if (request.method === "GET") return response.end(bill);
      asked.push(JSON.parse(new URLSearchParams(form).get("biz_content") ?? ""));
      const url = `http://${request.headers.host}/downloadBillFile.resource?token=1`;
      const inner = JSON.stringify({ bill_download_url: url, ...body });
      const key = "alipay_data_dataservice_bill_downloadurl_query_response";
      return response.end(`{"${key}":${inner},"sign":"${rsa(inner, theirs.privateKey)}"}`);
    });
    const channel = alipayChannel({
      appId: "2021",
      privateKeyPem: ours.privateKey,
      alipayPublicKeyPem: theirs.publicKey,
      gatewayUrl: `${server.url}/gateway.do`,
    });
    return { asked, fetched: await channel.bills?.fetch({ day, kind }, file) };
  }

  test.each([
    ["trade", "trade", "alipay-trade-zip"],
    ["fund", "signcustomer", "alipay-fund-zip"],
  ] as const)("%s", async (kind, bill_type, format) => {
    const { asked, fetched } = await fetchBill({ code: "10000" }, zip, kind);
    expect(asked).toEqual([{ bill_type, bill_date: day }]);
    expect(fetched).toEqual({ kind: "file", format, sizeBytes: zip.byteLength, sha256: hash("sha256", zip) });
    expect(readFileSync(file).equals(zip)).toBe(true);
  });

  test.each<[string, object, object]>([
    ["no bill that day", { code: "40004", sub_code: "isp.bill_not_exist" }, { kind: "empty" }],
    ["our set-up", { code: "40006", sub_code: "isv.insufficient-isv-permissions" }, { kind: "misconfigured" }],
    [
      "a fault of theirs",
      { code: "20000", sub_code: "isp.unknow-error" },
      { kind: "unknown", why: "isp.unknow-error" },
    ],
    ["no link", { code: "10000", bill_download_url: "x" }, { kind: "unknown", why: "downloadUrl" }],
    [
      "a link to a file",
      { code: "10000", bill_download_url: "file:///etc/passwd" },
      { kind: "unknown", why: "downloadUrl" },
    ],
  ])("%s", async (_name, body, fetched) => {
    expect((await fetchBill(body)).fetched).toMatchObject(fetched);
    expect(readdirSync(dir)).toEqual([]);
  });

  test("a page of text instead of a zip is damaged", async () => {
    const page = Buffer.from("<html>链接已失效</html>");
    expect((await fetchBill({ code: "10000" }, page)).fetched).toEqual({ kind: "damaged", why: "noZip" });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("the file isn't signed, so it comes as safely as the answer that named it", () => {
    const body = { code: "10000", bill_download_url: "http://dwbillcenter.alipay.com/x?token=1" };
    const ticket = (secure: boolean) => alipayTicket({ kind: "signed", body }, secure);
    expect(ticket(true)).toEqual({ kind: "ticket", url: new URL("https://dwbillcenter.alipay.com/x?token=1") });
    expect(ticket(false)).toEqual({ kind: "ticket", url: new URL(body.bill_download_url) });
  });
});

describe("the acquirer", () => {
  // Not a multiple of three, nor of a chunk: base64 is cut anywhere.
  const csv = `type,outTradeNo\n${"PAY,K01_000001\n".repeat(20_000)}x`;
  const answer = (text: string, sha256 = hash("sha256", text)) =>
    JSON.stringify({ result: "OK", sha256, csv: Buffer.from(text).toString("base64") });

  async function fetchBill(body: string, how: { sent?: string } = {}, kind: BillRequest["kind"] = "trade") {
    const server = await at((request, _body, response) =>
      acquirerReply(request, response, theirs.privateKey, body, how),
    );
    const channel = acquirerChannel({
      merchant: "M1",
      baseUrl: server.url,
      privateKeyPem: ours.privateKey,
      acquirerPublicKeyPem: theirs.publicKey,
      now: () => NOW,
    });
    expect(channel.bills?.kinds).toEqual(["trade"]);
    return await channel.bills?.fetch({ day, kind }, file);
  }

  test.each([csv, `${csv}y`, `${csv}yz`, "", "a"])("a bill of any length", async (text) => {
    const sizeBytes = Buffer.byteLength(text);
    const whole = { kind: "file", format: "acquirer-trade-csv", sizeBytes, sha256: hash("sha256", text) };
    expect(await fetchBill(answer(text))).toEqual(whole);
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(readdirSync(dir)).toEqual(["bill"]);
  });

  const good = answer("a,b\n");
  test.each<[string, string, object]>([
    ["no bill that day", '{"result":"EMPTY"}', { kind: "empty" }],
    ["not made yet", '{"result":"NOT_READY"}', { kind: "notReady" }],
    ["our set-up", '{"result":"SETUP","reason":"RIGHTS"}', { kind: "misconfigured", code: "RIGHTS" }],
    ["a fault of theirs", '{"result":"ERROR","reason":"SYSTEM"}', { kind: "unknown" }],
    ["another hash", answer("a,b\n", hash("sha256", "x")), { kind: "damaged", why: "sha256" }],
    ["another order of fields", '{"sha256":"","result":"OK","csv":""}', { kind: "unknown" }],
    ["no end", good.slice(0, -1), { kind: "damaged", why: "base64" }],
    ["another end", `${good.slice(0, -2)}"]`, { kind: "damaged", why: "base64" }],
    ["more behind", `${good}{}`, { kind: "damaged", why: "base64" }],
    ["a sign too few", good.replace(/.=*"}$/, '"}'), { kind: "damaged", why: "base64" }],
    ["signs of no base64", good.replace(/"csv":"./, '"csv":"*'), { kind: "damaged", why: "base64" }],
    ["padding inside", good.replace(/"csv":"..../, '"csv":"YQ=='), { kind: "damaged" }],
    ["words without end", `{"result":"EMPTY","x":"${"x".repeat(5000)}"}`, { kind: "unknown" }],
  ])("%s; an older file goes too", async (_name, body, fetched) => {
    writeFileSync(file, "an older one");
    expect(await fetchBill(body)).toMatchObject(fetched);
    expect(readdirSync(dir)).toEqual([]);
  });

  test("changed on the way, it is nothing", async () => {
    const sent = answer("a,b,c\n");
    expect(await fetchBill(good, { sent })).toEqual({ kind: "unknown", why: "badSignature" });
    expect(readdirSync(dir)).toEqual([]);
  });

  test("it makes no fund bill", async () => {
    expect(await fetchBill(good, {}, "fund")).toEqual({ kind: "misconfigured", code: "noFundBill" });
  });
});
