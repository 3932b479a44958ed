/** Ways to take money: one port; WeChat Pay, Alipay and an acquirer behind it. Their messages and daily bills too. */

export { acquirerChannel } from "./src/acquirer/channel.ts";
export type { AcquirerConfig } from "./src/acquirer/client.ts";
export { alipayChannel } from "./src/alipay/channel.ts";
export type { AlipayConfig } from "./src/alipay/client.ts";
export type { BillFetch, BillFormat, BillRequest, BillSource } from "./src/bills/port.ts";
export { type ReadBillOptions, readBill } from "./src/bills/read.ts";
export {
  type BillLine,
  type BillLineKind,
  type BillProblem,
  type BillSummary,
  billLineKinds,
} from "./src/bills/readTypes.ts";
export { type HttpNoticesConfig, httpNotices } from "./src/notices/httpNotices.ts";
export type { NoticeChannel, NoticeChannelName, NoticeMessage, NoticeOutcome } from "./src/notices/port.ts";
export type {
  CodePayChannel,
  NotificationDoor,
  NotificationRead,
  NotificationRefusal,
  PayParams,
  PayRequest,
  PrepayDoor,
  PrepayRequest,
  QueryRequest,
  RawNotification,
  RefundRequest,
} from "./src/port.ts";
export { type AcquirerScheme, type CodeRoute, maskCode, routeCode } from "./src/route.ts";
export { testChannel } from "./src/testChannel.ts";
export { wechatChannel } from "./src/wechat/channel.ts";
export type { WechatConfig } from "./src/wechat/client.ts";
