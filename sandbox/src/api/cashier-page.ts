import type { Cashier, CashierRequest } from "../gateways/cashier.ts";
import { yuan } from "../gateways/http.ts";
import type { Phone } from "../gateways/wallets.ts";

/** The wallet's window as one small page: what is paid for, how much, two buttons. */
export interface CashierPage {
  phone: Phone;
  look: ReturnType<Cashier["look"]>;
  request: CashierRequest;
  /** A path of the same place to go to afterwards. */
  back: string | null;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? "");
/** JSON that cannot end the script it stands in. */
const scripted = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

const STYLE = `
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:#0008;font:16px/1.5 "Noto Sans CJK SC",system-ui,sans-serif;color:#0f1b2d}
main{width:min(360px,calc(100vw - 32px));padding:24px;background:#fff;border-radius:16px;text-align:center}
h1{margin:0 0 8px;font-size:17px}.sum{margin:8px 0;font-size:40px;font-weight:700;font-variant-numeric:tabular-nums}
p{margin:4px 0}.quiet{color:#44546a;font-size:14px}.en{display:block;font-size:12px;color:#44546a}
button{width:100%;min-height:48px;margin-top:12px;font:inherit;border:1px solid #8795a8;border-radius:8px;background:#fff;color:inherit;cursor:pointer}
button.main{background:#018942;border-color:#018942;color:#fff}button.main .en{color:#e3f6ea}:focus-visible{outline:3px solid #0b4f9e;outline-offset:2px}`;

function script({ phone, look, request, back }: CashierPage): string {
  const failed = "order" in look ? null : look;
  return `
const path=${scripted(`/sandbox/api/phones/${encodeURIComponent(phone.id)}/cashier`)},request=${scripted(request)},back=${scripted(back)},failed=${scripted(failed)};
function tell(answer){
  const message={source:"sandbox-cashier",...answer};
  for(const other of new Set([window.parent,window.opener]))if(other&&other!==window)other.postMessage(message,"*");
  document.getElementById("result").textContent=answer.err_desc||answer.err_msg;
  for(const button of document.querySelectorAll("button"))button.disabled=true;
  if(back)location.replace(back+(back.includes("?")?"&":"?")+"err_msg="+encodeURIComponent(answer.err_msg));
}
async function choose(pay){
  const headers={"content-type":"application/json"};
  try{const response=await fetch(path,{method:"POST",headers,body:JSON.stringify({...request,pay})});
    const answer=await response.json();
    tell(response.ok?answer:{err_msg:"get_brand_wcpay_request:fail",err_desc:answer.zh});
  }catch{tell({err_msg:"get_brand_wcpay_request:fail",err_desc:"网络不可用"})}
}
document.getElementById("pay")?.addEventListener("click",()=>choose(true));
document.getElementById("cancel")?.addEventListener("click",()=>choose(false));
if(failed&&!back)tell(failed);`;
}

function body({ phone, look }: CashierPage): string {
  if (!("order" in look)) return `<p>${escaped(look.err_desc ?? look.err_msg)}</p>`;
  const { order } = look;
  const open = order.state === "notPaid";
  const buttons = `<button id="pay" class="main" type="button">确认支付<span class="en" lang="en">Pay</span></button>
<button id="cancel" type="button">取消<span class="en" lang="en">Cancel</span></button>`;
  return `<p>${escaped(order.description)}</p>
<p class="sum">￥${yuan(order.amountFen)}</p>
<p class="quiet">${escaped(phone.name)} · 余额 ￥${yuan(phone.balanceFen.wechat)}</p>
<p class="quiet">${escaped(order.outTradeNo)}</p>
${open ? buttons : "<p>订单已支付、已关闭或已过期<span class='en' lang='en'>This order can no longer be paid</span></p>"}`;
}

export function cashierPage(page: CashierPage): string {
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>微信支付 WeChat Pay</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><main><h1>微信支付<span class="en" lang="en">WeChat Pay, sandbox</span></h1>
${body(page)}
<p id="result" role="status"></p></main>
<script>${script(page)}</script></body></html>
`;
}
