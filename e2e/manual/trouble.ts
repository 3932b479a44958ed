/** What can go wrong at the terminal, each brought about on purpose. */
import { refusalText } from "@citygas/texts";
import type { Desk } from "./desk.ts";

/** 写卡失败 here, finished at the other terminal. */
export async function writeFailure(desk: Desk, other: Desk): Promise<void> {
  const { world, screen, shoot, tap, t } = desk;
  await desk.insert("replacement");
  await desk.sees(t.account.title);
  await screen.key("200");
  await tap(t.frame.ok);
  await desk.sees(t.confirm.title);
  await tap(t.confirm.pay);
  await desk.sees(t.pay.within);
  await world.sandbox.tear("replacement", 3);
  await world.sandbox.present("wechat", desk.at);
  await shoot("write-failed", t.writeFailed.title, t.writeFailed.warning, t.writeFailed.money);
  await desk.home();
  await other.shootPassing(
    "resuming",
    "resuming",
    () => other.insert("replacement"),
    t.resuming.title,
    t.resuming.money,
  );
  await other.shoot("resumed", t.success.headline);
  await other.takeCard("replacement");
}

/** The card pulled while the wallet still asks for its password. */
export async function unknownPayment(desk: Desk): Promise<void> {
  const { world, screen, shoot, tap, t } = desk;
  await desk.insert("heating");
  await desk.sees(t.account.title);
  await screen.key("50");
  await tap(t.frame.ok);
  await desk.sees(t.confirm.title);
  await tap(t.confirm.pay);
  await desk.sees(t.pay.within);
  await world.sandbox.present("wechat", desk.at, "phone-2");
  await desk.sees(t.payWaiting.password);
  await world.sandbox.remove("heating");
  await shoot("unknown-payment", t.unknownPayment.title, t.unknownPayment.cancelling);
  await shoot("unknown-settled", t.cancelled.title, t.cancelled.money);
  await desk.home();
}

/** Too much, the card pulled before payment, the card upside down, a lost card. */
export async function refusals(desk: Desk, language: "zh-CN" | "en"): Promise<void> {
  const { world, screen, shoot, tap, t } = desk;
  await desk.insert("ceiling");
  await desk.sees(t.account.title);
  await screen.key("1000");
  await tap(t.frame.ok);
  await shoot("too-much", refusalText("entry.overCeiling", language).next);
  await world.sandbox.remove("ceiling");
  await shoot("card-pulled", t.cardPulled.title, t.cardPulled.beforePayment);
  await desk.home();
  await tap(t.home.buy);
  await desk.sees(t.insertCard.title);
  await world.sandbox.insert("qinhuai", desk.at, true);
  await shoot("wrong-way", t.wrongWay.title, t.wrongWay.next);
  await world.sandbox.remove("qinhuai");
  await desk.sees(t.insertCard.title);
  await world.sandbox.insert("lost", desk.at);
  await shoot("refused", t.refused.title, refusalText("card.lost", language).what);
  await desk.takeCard("lost");
}

/** Last, because all devices are gone at once; the reader is what the screen names. */
export async function outOfService(desk: Desk): Promise<void> {
  const { title, reader, money } = desk.t.outOfService;
  desk.world.kill("sandbox");
  await desk.shoot("out-of-service", title, reader, money);
}
