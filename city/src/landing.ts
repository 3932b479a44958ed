/** The page at `/`: where everything is, in two languages, and nothing else. */

interface Door {
  href: string;
  zh: string;
  en: string;
  about: string;
  ready: boolean;
}

const doors: readonly Door[] = [
  { href: "/kiosk/", zh: "自助售气终端", en: "Self-service terminal", about: "插卡、输入、刷码、写卡", ready: true },
  {
    href: "/workbench/",
    zh: "工作台",
    en: "Workbench",
    about: "整个世界在一页上：终端、卡、手机、收据、燃气表、故障",
    ready: true,
  },
  { href: "/docs/api", zh: "接口说明", en: "API", about: "OpenAPI 3.1", ready: true },
  { href: "/h5", zh: "微信服务号", en: "WeChat service account", about: "普表、物联网表缴费", ready: false },
  { href: "/mini", zh: "微信小程序", en: "WeChat mini program", about: "蓝牙充值宝购气", ready: false },
  { href: "/console", zh: "营业厅与管理", en: "Staffed console", about: "只有人才能决定的事", ready: false },
];

const style = `
:root{--ink:#0F1B2D;--muted:#44546A;--flame:#0B4F9E;--deep:#083B78;--mist:#F2F5F9}
*{box-sizing:border-box}body{margin:0;background:var(--mist);color:var(--ink);font:18px/1.6 "Noto Sans CJK SC","Noto Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif}
header{background:var(--deep);color:#fff;padding:48px 24px 56px}header>div{max-width:960px;margin:0 auto}main{max-width:1008px;margin:0 auto}
h1{margin:0;font-size:40px;line-height:1.2}header p{margin:8px 0 0;font-size:20px;max-width:40em}
main{padding:0 24px 64px}ul{list-style:none;margin:-28px 0 0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(280px,1fr));gap:16px}
li a,li span.door{display:block;height:100%;background:#fff;border-radius:12px;padding:24px;text-decoration:none;color:inherit;border:2px solid transparent}
li a:hover,li a:focus-visible{border-color:var(--flame);outline:none}li strong{display:block;font-size:22px;color:var(--flame)}
li span.door strong{color:var(--muted)}em{font-style:normal;color:var(--muted);font-size:16px}p.note{color:var(--muted)}`;

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><style>${style}</style>${body}</html>`;

export function landingPage(workbench: boolean): string {
  const items = doors
    .filter((d) => workbench || d.href !== "/workbench/")
    .map(item)
    .join("");
  return page(
    "Citygas 洪通燃气",
    `<header><div><h1>Citygas 城市燃气自助售气</h1><p>客户付的钱，最后不是变成气，就是退回来。<br><span lang="en">What a customer pays always ends as gas or as money back.</span></p></div></header><main><ul>${items}</ul></main>`,
  );
}

function item(d: Door): string {
  const text = `<strong>${d.zh}</strong><em lang="en">${d.en}</em><br>${d.about}${d.ready ? "" : "<br><em>尚未建成 · not built yet</em>"}`;
  return d.ready ? `<li><a href="${d.href}">${text}</a></li>` : `<li><span class="door">${text}</span></li>`;
}

export const notBuiltPage = (): string =>
  page(
    "尚未建成",
    `<header><div><h1>这个入口还没有建成</h1><p lang="en">This entrance is not built yet.</p></div></header><main><p><a href="/">返回首页 · Back</a></p></main>`,
  );
