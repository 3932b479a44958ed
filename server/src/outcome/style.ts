/** Colours of the one family (ink, muted, flame, mist, ok, warning), each at least 7:1 on its ground. */
export const outcomeStyle = `
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:#f2f5f9;color:#0f1b2d;
font:16px/1.6 "Noto Sans CJK SC",system-ui,sans-serif;font-variant-numeric:tabular-nums}
header{background:#083b78;color:#fff;padding:16px 20px}
header span{opacity:.9}
main{width:100%;max-width:560px;margin:0 auto;padding:20px 16px;flex:1}
.outcome{background:#fff;border-radius:12px;padding:20px;border-left:8px solid #0b4f9e}
.outcome.good{border-color:#0a5c36}
.outcome.act{border-color:#ffb020}
.tone{margin:0;font-weight:600;color:#0b4f9e}
.good .tone{color:#0a5c36}
.act .tone{color:#7a4b00}
.tone span{display:inline-block;width:28px;height:28px;line-height:28px;margin-right:8px;border-radius:50%;text-align:center;
background:#0b4f9e;color:#fff}
.good .tone span{background:#0a5c36}
.act .tone span{background:#ffb020;color:#0f1b2d}
h1{margin:12px 0 8px;font-size:26px;line-height:1.3}
.money{margin:0 0 8px;font-size:18px}
.next{margin:0;font-size:18px;font-weight:600}
.en{margin-top:16px;padding-top:12px;border-top:1px solid #d5dce6}
.en p{margin:0}
[lang=en]{color:#44546a}
dl{background:#fff;border-radius:12px;margin:16px 0 0;padding:4px 20px}
dl div{display:flex;justify-content:space-between;gap:16px;padding:10px 0;border-bottom:1px solid #e6ebf2}
dl div:last-child{border:0}
dt{color:#44546a}
dd{margin:0;font-weight:600;text-align:right;overflow-wrap:anywhere}
footer{padding:0 20px 24px;text-align:center}
footer p{margin:4px 0}
a{color:#0b4f9e;font-weight:600;display:inline-block;padding:8px}
`;
