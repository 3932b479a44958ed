import { createCipheriv, randomBytes } from "node:crypto";
import { beijingTime } from "./http.ts";
import type { WechatDesk } from "./wechatOrders.ts";

const AAD = "certificate";

/** `GET /v3/certificates`: the platform's valid certificates, each encrypted with the merchant's APIv3 key. */
export function certificates({ keys, now }: WechatDesk): { data: object[] } {
  const valid = keys.wechatCertificates.filter(({ until }) => until > now());
  return {
    data: valid.map(({ serial, certificatePem, from, until }) => {
      const nonce = randomBytes(6).toString("hex");
      const cipher = createCipheriv("aes-256-gcm", keys.wechatApiV3Key, nonce).setAAD(Buffer.from(AAD));
      const text = Buffer.concat([cipher.update(certificatePem, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return {
        serial_no: serial,
        effective_time: beijingTime(from),
        expire_time: beijingTime(until),
        encrypt_certificate: {
          algorithm: "AEAD_AES_256_GCM",
          nonce,
          associated_data: AAD,
          ciphertext: text.toString("base64"),
        },
      };
    }),
  };
}
