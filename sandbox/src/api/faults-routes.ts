import { type Static, Type } from "typebox";
import { isGatewayFault } from "../gateways/faults.ts";
import { isDeviceFault } from "../world/device-faults.ts";
import { type Api, type ApiContext, Failure } from "./context.ts";
import { problem } from "./problems.ts";

const Times = Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000 }), Type.Literal("always")]);
const Gateway = Type.Union([Type.Literal("wechat"), Type.Literal("alipay")]);
const GatewayChoice = Type.Union([Type.Literal("wechat"), Type.Literal("alipay"), Type.Literal("both")]);

const Armed = Type.Object({
  times: Times,
  gateway: Type.Optional(GatewayChoice),
  seconds: Type.Optional(Type.Number({ minimum: 0, maximum: 600 })),
});

const FaultView = Type.Object({
  name: Type.String(),
  zh: Type.String(),
  en: Type.String(),
  description: Type.String(),
  /** Where it can happen; empty = at a device. */
  gateways: Type.Array(Gateway),
  armed: Type.Union([Armed, Type.Null()]),
});
export type FaultView = Static<typeof FaultView>;
const FaultList = Type.Object({ faults: Type.Array(FaultView) });

const Setting = Type.Object(
  {
    /** How often; once when left out. */
    times: Type.Optional(Times),
    gateway: Type.Optional(GatewayChoice),
    /** For `slow`. */
    seconds: Type.Optional(Type.Number({ minimum: 0, maximum: 600 })),
  },
  { additionalProperties: false },
);
const NamedSetting = Type.Object({ name: Type.String(), ...Setting.properties }, { additionalProperties: false });
type Setting = Type.Static<typeof Setting>;

export function faultRoutes(api: Api, { world, gateways }: ApiContext): void {
  const list = () => ({
    faults: [
      ...gateways.faults.list().map((fault) => ({ ...fault, gateways: [...fault.gateways] })),
      ...world.faults.list().map((fault) => ({ ...fault, gateways: [] })),
    ],
  });

  /** False for a name that is on neither list. */
  const set = (name: string, setting: Setting | null): boolean => {
    if (isGatewayFault(name)) {
      if (setting === null) gateways.faults.disarm(name);
      else gateways.faults.arm(name, setting);
    } else if (isDeviceFault(name)) {
      if (setting === null) world.faults.disarm(name);
      else world.faults.arm(name, setting.times ?? 1);
    } else return false;
    return true;
  };

  const tell = (): void => {
    const armed = list().faults.filter((fault) => fault.armed !== null);
    const zh = armed.length === 0 ? "故障开关全部关闭" : `故障开关：${armed.map((fault) => fault.zh).join("、")}`;
    const en = armed.length === 0 ? "All fault switches off" : `Faults: ${armed.map((fault) => fault.en).join(", ")}`;
    world.story.tell("fault", "faults", zh, en);
    world.changed("faults");
  };

  api.get("/faults", { schema: { response: { 200: FaultList } } }, list);

  const Wanted = Type.Object({ faults: Type.Array(NamedSetting, { maxItems: 100 }) }, { additionalProperties: false });
  api.put(
    "/faults",
    {
      schema: {
        description: "Arms exactly these switches; all others are off.",
        body: Wanted,
        response: { 200: FaultList, ...Failure },
      },
    },
    (request, reply) => {
      const wanted = request.body.faults;
      const unknown = wanted.find(({ name }) => !isGatewayFault(name) && !isDeviceFault(name));
      if (unknown !== undefined) return problem(reply, "unknownFault", unknown.name);
      for (const { name } of list().faults) set(name, null);
      for (const { name, ...setting } of wanted) set(name, setting);
      tell();
      return list();
    },
  );

  const ByName = Type.Object({ name: Type.String() });
  api.put(
    "/faults/:name",
    {
      schema: {
        description: "Arms one switch.",
        params: ByName,
        body: Setting,
        response: { 200: FaultList, ...Failure },
      },
    },
    (request, reply) => {
      if (!set(request.params.name, request.body)) return problem(reply, "unknownFault", request.params.name);
      tell();
      return list();
    },
  );
  api.delete(
    "/faults/:name",
    { schema: { description: "Turns one switch off.", params: ByName, response: { 200: FaultList, ...Failure } } },
    (request, reply) => {
      if (!set(request.params.name, null)) return problem(reply, "unknownFault", request.params.name);
      tell();
      return list();
    },
  );

  const LedgerRow = Type.Object({
    seq: Type.Integer(),
    at: Type.String(),
    gateway: Gateway,
    kind: Type.Union([Type.Literal("charge"), Type.Literal("refund")]),
    amountFen: Type.Integer(),
    outTradeNo: Type.String(),
    tradeNo: Type.String(),
    refundNo: Type.Union([Type.String(), Type.Null()]),
    phoneId: Type.Union([Type.String(), Type.Null()]),
  });
  const PayCalls = Type.Object({ outTradeNo: Type.String(), count: Type.Integer() });
  api.get(
    "/gateways/:gateway/ledger",
    {
      schema: {
        description:
          "What the gateway really took and gave back, whatever it answered; and how often it was told to take, by order.",
        params: Type.Object({ gateway: Gateway }),
        response: {
          200: Type.Object({ rows: Type.Array(LedgerRow), netFen: Type.Integer(), payCalls: Type.Array(PayCalls) }),
          ...Failure,
        },
      },
    },
    (request) => {
      const { gateway } = request.params;
      const rows = gateways.ledger.rows(gateway).map((row) => ({ ...row, at: new Date(row.at).toISOString() }));
      const payCalls = gateways.ledger.payCalls(gateway).map(({ outTradeNo, count }) => ({ outTradeNo, count }));
      return { rows, netFen: gateways.ledger.netFen(gateway), payCalls };
    },
  );
}
