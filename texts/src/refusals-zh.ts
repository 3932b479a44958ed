import type { RefusalText } from "./refusals.ts";

const nothingTaken = "没有扣款。";
const moneyKept = "您的钱没有丢，已为您保留。";
const toHall = "请带卡和身份证到燃气公司营业厅办理。";

function text(what: string, next: string, money = nothingTaken, whatValue: string | null = null): RefusalText {
  return { what, whatValue, money, next };
}

export const refusalsZh = {
  "card.blank": text("这张卡还没有开户。", "请到营业厅开卡后再来购气。"),
  "card.foreign": text("这不是本公司的燃气卡。", "请换一张本公司的燃气卡。"),
  "card.tool": text("这是工作人员用的工具卡，不能购气。", "请插入用户燃气卡。"),
  "card.opening": text("这是新开户卡，还没有上过表。", "请先把卡插入燃气表，再来购气。"),
  "card.unreadable": text("读不出这张卡。", "请擦净芯片，芯片朝下再插一次；还不行，请到营业厅换卡。"),
  "card.badChecksum": text("卡里的数据不完整。", toHall),
  "card.lost": text("这张卡已经挂失。", "如果是您找回的卡，请到营业厅解除挂失。"),
  "card.replaced": text("这张卡已经补换，旧卡不能再用。", "请使用新卡。"),
  "card.blocked": text("这张卡已停用。", toHall),
  "card.secretCounter": text(
    "这张卡的密码验证次数不足，为了不锁死卡，暂不写卡。",
    toHall,
    nothingTaken,
    "这张卡的密码只剩 {value} 次验证机会，为了不锁死卡，暂不写卡。",
  ),
  "card.countMismatch": text("卡上的购气次数和系统记录不一致。", toHall),
  "card.unknown": text("系统里查不到这张卡。", toHall),
  "card.stale": text("卡的内容在读取之后变过。", "请把卡拔出，再插一次。"),
  "account.debt": text(
    "您的账户有欠费。",
    "请先到营业厅缴清欠费，再来购气。",
    nothingTaken,
    "您的账户有欠费 {value}。",
  ),
  "account.safetyCheck": text("您家的安全检查已到期。", "请拨打客服热线预约安检，完成后即可购气。"),
  "account.suspectedTampering": text("您的燃气表需要核查。", "请拨打客服热线，工作人员会为您处理。"),
  "account.stopped": text("您的账户已停用。", "请拨打客服热线或到营业厅咨询。"),
  "entry.zero": text("还没有输入数量。", "请输入要购买的金额或气量。"),
  "entry.notWhole": text("这只表只能购买整数。", "请去掉小数，重新输入。"),
  "entry.overLimit": text(
    "超过了本次最多可购的数量。",
    "请改小一些，再按确定。",
    nothingTaken,
    "超过了本次最多可购的 {value}。",
  ),
  "entry.overCeiling": text(
    "超过了燃气表能装下的数量。",
    "请改小一些，再按确定。",
    nothingTaken,
    "燃气表最多还能装 {value}。",
  ),
  "purchase.open": text("这张卡还有一笔购气没有完成。", "请勿二次购气。请把卡再插一次，系统会接着完成。", moneyKept),
  "purchase.manual": text(
    "上一笔购气正在由工作人员核实。",
    "请勿二次购气。请凭购气单号联系客服热线或营业厅。",
    moneyKept,
  ),
  "purchase.quoteExpired": text("停留时间太长，价格需要重新计算。", "请重新输入。"),
  "purchase.quoteStale": text("价格或余额有变化，需要重新计算。", "请核对新的金额后再确认。"),
  "purchase.notFound": text("找不到这笔购气。", "请核对购气单号，或拨打客服热线。", ""),
  "purchase.wrongState": text("这笔购气现在不能这样操作。", "请按屏幕提示继续，不要重复付款。", moneyKept),
  "payment.notACode": text("扫到的不是付款码。", "请打开微信或支付宝的付款码，再扫一次。"),
  "payment.collectionCode": text("扫到的是收款码，不是付款码。", "请换成付款码，再扫一次。"),
  "payment.walletOff": text("本机暂不支持这个钱包。", "请改用微信支付或支付宝。"),
  "payment.inProgress": text("上一次付款还在处理。", "请稍等结果，不要重复付款。", "不会重复扣款。"),
  "payment.channelDown": text("付款通道暂时不通。", "请稍后再试，或换一个钱包。"),
  "session.ended": text("本次插卡已经结束。", "请把卡拔出，再插一次。"),
  "request.invalid": text("系统没有看懂这次请求。", "请重新操作；还不行，请拨打客服热线。"),
  "request.keyReused": text("同一次操作送来了两种内容。", "请重新操作。"),
  "request.keyMissing": text("这次操作缺少编号。", "请重新操作；还不行，请拨打客服热线。"),
  "auth.required": text("本机还没有登记，或登记已失效。", "请换一台自助机，或拨打客服热线。"),
  "auth.forbidden": text("本机没有权限办理这项业务。", "请换一台自助机，或到营业厅办理。"),
  "auth.clockSkew": text("本机的时间不准，已停止交易。", "请换一台自助机，或拨打客服热线。"),
  notFound: text("没有找到要查的内容。", "请核对后再试。", ""),
  "server.unavailable": text("连不上服务中心，暂时不能购气。", "请稍后再试，或换一台自助机。"),
} satisfies Record<string, RefusalText>;
