/** Chapter 1 of the operating manual, walked in its own order; every step must show the words the manual quotes. */
import type { Desk } from "./desk.ts";

/** 1.1.1, and 1.1.2 steps 1 to 9: the pictured sale, 1200 元 on a by-amount card, 应付款 1199.70. */
export async function picturedSale(desk: Desk): Promise<void> {
  const { world, screen, shoot, tap, t } = desk;
  await desk.home();
  await shoot("home", t.home.title, t.home.buy);
  await tap(t.home.notes);
  await shoot("notes", ...t.notes.items);
  await tap(t.frame.back);
  await desk.home();

  await tap(t.home.buy);
  await shoot("insert-card", t.insertCard.welcome, t.insertCard.title);
  await desk.shootPassing("reading", "reading", () => world.sandbox.insert("qinhuai", desk.at), t.reading.title);
  await desk.sees(t.account.title, "031140086", "1500");
  await screen.key("1200");
  await desk.sees("1200");
  await shoot("account", t.account.entryMoney, t.account.balanceHint);
  await tap(t.frame.ok);
  await shoot("confirm", t.confirm.sentence, t.confirm.pricedByMeter, "0.30", "1199.70");
  await tap(t.confirm.pay);
  await shoot("pay", t.pay.within, t.pay.note, t.pay.here);
  await desk.shootPassing("writing", "writing", () => world.sandbox.present("wechat", desk.at), t.writing.paid);
  await shoot("success", t.success.title, t.success.closing);
  await desk.shootPassing("printing", "printing", () => tap(t.success.print), t.printing.title);
  await shoot("printed", t.printed.title);
  await tap(t.frame.ok);
  await desk.takeCard("qinhuai");
}

/** Step 10: what is on a card. */
export async function query(desk: Desk): Promise<void> {
  const { shoot, t } = desk;
  await desk.insert("qinhuai");
  await shoot("gas-on-card", t.gasOnCard.title, t.gasOnCard.body);
  await desk.takeCard("qinhuai");
}

/** The same road by volume: a price per m³, a wrong code, a password, and a printer that does not answer. */
export async function saleByVolume(desk: Desk): Promise<void> {
  const { world, shoot, tap, t } = desk;
  await desk.insert("canteen");
  await desk.sees(t.account.title, "031120300");
  await tap(`100${t.account.unitVolume === "方" ? "方" : ` ${t.account.unitVolume}`}`);
  await shoot("account-volume", t.account.entryVolume);
  await tap(t.frame.large);
  await shoot("large", t.account.entryVolume);
  await tap(t.frame.large);
  await tap(t.frame.ok);
  await shoot("confirm-volume", t.confirm.sentence, "2.53", "253.00");
  await tap(t.confirm.pay);
  await desk.sees(t.pay.within);
  await world.sandbox.scan("wxp://f2f0collect", desk.at);
  await shoot("collection-code", t.pay.rejected.collectionCode);
  await world.sandbox.present("alipay", desk.at, "phone-2");
  await shoot("pay-password", t.payWaiting.password);
  await world.sandbox.password(true, "phone-2");
  await desk.sees(t.success.title);
  await world.sandbox.faults({ faults: [{ name: "printerSilent", times: "always" }] });
  await tap(t.success.print);
  await shoot("print-failed", t.printFailed.title, t.printFailed.money);
  await world.sandbox.faults({ faults: [] });
  await tap(t.frame.ok);
  await desk.takeCard("canteen");
}

/** 刷码支付 until the time is over, which takes its whole minute: on the other terminal, meanwhile. */
export async function timeout(desk: Desk): Promise<void> {
  const { screen, shoot, tap, t } = desk;
  await desk.home();
  await desk.insert("ic-controller");
  await desk.sees(t.account.title);
  await screen.key("30");
  await tap(t.frame.ok);
  await desk.sees(t.confirm.title);
  await tap(t.confirm.pay);
  await desk.sees(t.pay.within);
  await screen.page.locator('[data-screen="payTimeout"]').waitFor({ timeout: 90_000 });
  await shoot("pay-timeout", t.payTimeout.title, t.payTimeout.confirmed);
  await tap(t.frame.ok);
  await desk.takeCard("ic-controller");
}
