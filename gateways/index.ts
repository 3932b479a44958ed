/** Ways to take money by payment code: one port, WeChat Pay and Alipay behind it. */

export { alipayChannel } from "./src/alipay/channel.ts";
export type { AlipayConfig } from "./src/alipay/client.ts";
export type { CodePayChannel, PayRequest, QueryRequest, RefundRequest } from "./src/port.ts";
export { type CodeRoute, maskCode, routeCode } from "./src/route.ts";
export { testChannel } from "./src/testChannel.ts";
export { wechatChannel } from "./src/wechat/channel.ts";
export type { WechatConfig } from "./src/wechat/client.ts";
