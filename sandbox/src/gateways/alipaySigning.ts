import { createPrivateKey, createPublicKey, createSign, createVerify } from "node:crypto";
import type { FaultTaker } from "./faults.ts";
import type { Answer } from "./http.ts";
import type { GatewayKeys } from "./keys.ts";

/** Alipay's RSA2 in both directions (facts/payments.md §2.1), from the gateway's side. */
const MAX_SKEW_MS = 15 * 60_000;

/** A check that says null when parameters are signed by our app about now in Beijing, else the sub_code. */
export function makeParameterCheck(appId: string, keys: GatewayKeys, wallClock: () => number) {
  const key = createPublicKey(keys.alipayApp.publicKeyPem);

  return function check(parameters: ReadonlyMap<string, string>): string | null {
    if (parameters.get("app_id") !== appId) return "isv.invalid-app-id";
    if (parameters.get("sign_type") !== "RSA2") return "isv.invalid-signature-type";
    const text = [...parameters]
      .filter(([name, value]) => name !== "sign" && value !== "")
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join("&");
    const good = createVerify("RSA-SHA256")
      .update(text, "utf8")
      .verify(key, parameters.get("sign") ?? "", "base64");
    if (!good) return "isv.invalid-signature";
    const timestamp = parameters.get("timestamp") ?? "";
    if (!/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(timestamp)) return "isv.invalid-timestamp";
    const at = Date.parse(`${timestamp.replace(" ", "T")}+08:00`);
    return Math.abs(wallClock() - at) <= MAX_SKEW_MS ? null : "isv.invalid-timestamp";
  };
}

/** Signs the exact characters of the reply's object, with its slashes escaped as Alipay writes them. */
export function makeReplySigner(keys: GatewayKeys, faults: FaultTaker) {
  const key = createPrivateKey(keys.alipayPlatform.privateKeyPem);
  const sign = (text: string) => createSign("RSA-SHA256").update(text, "utf8").sign(key, "base64");
  const headers = { "Content-Type": "text/html;charset=utf-8" };

  return function reply(method: string, value: unknown): Answer {
    const wrapped = (name: string, inner: string, signature: string | null): Answer => {
      const tail = signature === null ? "" : `,"sign":"${signature}"`;
      return { kind: "reply", status: 200, headers, body: `{"${name}":${inner}${tail}}` };
    };
    if (faults.take("errorResponse", "alipay")) {
      const inner = '{"code":"20000","msg":"Service Currently Unavailable","sub_code":"isp.unknow-error"}';
      return wrapped("error_response", inner, sign(inner));
    }
    const name = `${method.replaceAll(".", "_")}_response`;
    const inner = JSON.stringify(value).replaceAll("/", "\\/");
    if (faults.take("unsigned", "alipay")) return wrapped(name, inner, null);
    return wrapped(name, inner, sign(faults.take("badSignature", "alipay") ? "other bytes" : inner));
  };
}
