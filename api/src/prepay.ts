/** Paying on the customer's own phone: an order is made first, the wallet pays it later. */
import { type Static, Type } from "typebox";
import { PurchaseSchema } from "./kiosk.ts";

export const NewPrepaySchema = Type.Object({
  app: Type.Union([Type.Literal("h5"), Type.Literal("mini")]),
  openid: Type.String({ pattern: "^[0-9A-Za-z_-]{1,128}$", description: "the payer's openid in that app" }),
});

/** What the page hands to the wallet, unchanged. Good for one attempt; ask again for fresh ones. */
export const PayParamsSchema = Type.Object({
  appId: Type.String(),
  timeStamp: Type.String({ description: "seconds, as text" }),
  nonceStr: Type.String(),
  package: Type.String(),
  signType: Type.Literal("RSA"),
  paySign: Type.String(),
});

/** The wallet's "ok" is no proof: follow the purchase. */
export const PrepaySchema = Type.Object({ purchase: PurchaseSchema, params: PayParamsSchema });
export type PrepayView = Static<typeof PrepaySchema>;
