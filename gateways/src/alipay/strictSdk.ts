import { AlipaySdk } from "alipay-sdk";

/**
 * Whether the text is `{"<responseKey>":{…},"sign":"…"}` and nothing else.
 *
 * The SDK verifies the text between the first mention of the key and the last `"sign"`, but reads the parsed reply,
 * falling back to `error_response`. With a second copy of the key after the signature, or a null key beside an
 * `error_response`, the two are different objects: a replayed genuine signature would cover a forged reply.
 */
export function isOneSignedReply(raw: string, responseKey: string): boolean {
  const text = raw.trim();
  const head = new RegExp(`^\\{\\s*"${responseKey}"\\s*:\\s*\\{`);
  const tail = text.slice(Math.max(0, text.lastIndexOf('"sign"')));
  return head.test(text) && /^"sign"\s*:\s*"[A-Za-z0-9+/=\\]+"\s*\}$/.test(tail);
}

/** The SDK with the check above in front of its own. */
export class StrictAlipaySdk extends AlipaySdk {
  override checkResponseSign(raw: string, responseKey: string, sign: string, traceId: string): void {
    if (!isOneSignedReply(raw, responseKey)) {
      throw Object.assign(new Error("not one signed reply"), { responseDataRaw: raw });
    }
    super.checkResponseSign(raw, responseKey, sign, traceId);
  }
}
