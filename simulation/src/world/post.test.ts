import { expect, it } from "vitest";
import { faultTable } from "../faults/faults.ts";
import { faultKinds } from "../faults/kinds.ts";
import type { Gateway, News } from "./gateway.ts";
import { planOf } from "./plan.ts";
import { World } from "./world.ts";

const nothingFails = faultTable({ off: new Set(faultKinds.map(({ name }) => name)) });
const newWorld = (): World => new World(planOf("post"), { faults: nothingFails, allowed: null, trace: false });

/** What the gateway has written about this order, as the door reads it. */
function written({ post }: World, no: string, upTo = 4): unknown[] {
  const read = (count: number) => post.door.read({ headers: {}, body: Buffer.from(`${no} ${count}`) }, 0);
  return Array.from({ length: upTo }, (_, at) => read(at + 1)).filter(({ kind }) => kind !== "refused");
}

function lifeOf(gateway: Gateway, no: string, isOrder: boolean): void {
  gateway.order(no, 500, "open").isOrder = isOrder;
  gateway.pay(no);
  gateway.refund(no, `R${no}`, 500);
}

it("WeChat Pay writes of a paid order and of a refund with its sum, of a scanned code of the refund only", () => {
  const world = newWorld();
  const [wechat] = world.gateways;
  if (wechat === undefined) throw new Error("no gateway");
  lifeOf(wechat, "ORDER", true);
  expect(written(world, "ORDER")).toMatchObject([
    { kind: "payment", outcome: { kind: "paid", amountFen: 500, transactionId: "TORDER" } },
    { kind: "refund", refundNo: "RORDER", amountFen: 500, outcome: { kind: "done" } },
  ]);
  lifeOf(wechat, "CODE", false);
  expect(written(world, "CODE")).toMatchObject([{ kind: "refund", refundNo: "RCODE" }]);
});

it("Alipay writes of every change, and of a refund not what went back by it", () => {
  const world = newWorld();
  const alipay = world.gateways[1];
  if (alipay === undefined) throw new Error("no gateway");
  lifeOf(alipay, "CODE", false);
  alipay.reverse("CODE");
  expect(written(world, "CODE")).toMatchObject([
    { kind: "payment", outcome: { kind: "inProgress" } },
    { kind: "payment", outcome: { kind: "paid" } },
    { kind: "refund", refundNo: "RCODE", amountFen: null, outcome: { kind: "processing" } },
    { kind: "payment", outcome: { kind: "closed" } },
  ]);
});

it("a trade tells each of its changes once", () => {
  const world = newWorld();
  const [gateway] = world.gateways;
  if (gateway === undefined) throw new Error("no gateway");
  const news: News["kind"][] = [];
  gateway.tell = (_trade, { kind }) => news.push(kind);
  gateway.order("N", 500, "paid");
  gateway.order("N", 500, "paid");
  gateway.pay("N");
  gateway.refund("N", "R", 200);
  gateway.refund("N", "R", 200);
  gateway.reverse("N");
  gateway.reverse("N");
  gateway.payAfterClose("N");
  gateway.payAfterClose("N");
  expect(news).toEqual(["paid", "refund", "closed", "paid"]);
});
