import { type Static, Type } from "typebox";
import { isGatewayFault } from "../gateways/faultList.ts";
import { isDeviceFault } from "../world/device-faults.ts";
import { isNoticeFault } from "../world/messages.ts";
import { type Api, type ApiContext, Failure, GatewayName } from "./context.ts";
import { problem } from "./problems.ts";

const Times = Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000 }), Type.Literal("always")]);
const GatewayChoice = Type.Union([
  Type.Literal("wechat"),
  Type.Literal("alipay"),
  Type.Literal("acquirer"),
  Type.Literal("both"),
]);
const Seconds = Type.Number({ minimum: 0, maximum: 86_400 });

const Armed = Type.Object({
  times: Times,
  gateway: Type.Optional(GatewayChoice),
  seconds: Type.Optional(Seconds),
});

/** Where in the world a switch belongs, in the order of the list. */
const GROUPS = {
  pay: { zh: "付款", en: "Payment" },
  reverse: { zh: "撤销", en: "Reverse" },
  reply: { zh: "应答", en: "Answer" },
  line: { zh: "线路", en: "Line" },
  refund: { zh: "退款", en: "Refund" },
  callback: { zh: "通知商户", en: "Message to the merchant" },
  bill: { zh: "账单", en: "Bill" },
  notice: { zh: "短信与微信通知", en: "Notices to customers" },
  device: { zh: "设备", en: "Devices" },
} as const;
type Group = keyof typeof GROUPS;

const FaultView = Type.Object({
  name: Type.String(),
  group: Type.Object({ id: Type.String(), zh: Type.String(), en: Type.String() }),
  zh: Type.String(),
  en: Type.String(),
  description: Type.String(),
  /** Where it can happen; empty = at no gateway. */
  gateways: Type.Array(GatewayName),
  /** Its time when nothing is said; null: it has none. */
  seconds: Type.Union([Type.Number(), Type.Null()]),
  armed: Type.Union([Armed, Type.Null()]),
});
export type FaultView = Static<typeof FaultView>;
const FaultList = Type.Object({ faults: Type.Array(FaultView) });

const Setting = Type.Object(
  {
    /** How often; once when left out. */
    times: Type.Optional(Times),
    /** "both" (or nothing): wherever it can happen. */
    gateway: Type.Optional(GatewayChoice),
    /** For those that have a time. */
    seconds: Type.Optional(Seconds),
  },
  { additionalProperties: false },
);
const NamedSetting = Type.Object({ name: Type.String(), ...Setting.properties }, { additionalProperties: false });
type Setting = Type.Static<typeof Setting>;

const group = (id: Group): FaultView["group"] => ({ id, ...GROUPS[id] });
const isKnown = (name: string): boolean => isGatewayFault(name) || isDeviceFault(name) || isNoticeFault(name);

/** All switches of the world as one list. */
function makeSwitches({ world, gateways }: ApiContext) {
  return {
    list: (): { faults: FaultView[] } => ({
      faults: [
        ...gateways.faults
          .list()
          .map((fault) => ({ ...fault, group: group(fault.group), gateways: [...fault.gateways] })),
        ...world.messages.faults.list().map((fault) => ({ ...fault, group: group("notice"), gateways: [] })),
        ...world.faults.list().map((fault) => ({ ...fault, group: group("device"), gateways: [], seconds: null })),
      ],
    }),
    /** False for a name that is on no list. */
    set(name: string, setting: Setting | null): boolean {
      if (isGatewayFault(name)) {
        if (setting === null) gateways.faults.disarm(name);
        else gateways.faults.arm(name, setting);
      } else if (isDeviceFault(name)) {
        if (setting === null) world.faults.disarm(name);
        else world.faults.arm(name, setting.times ?? 1);
      } else if (isNoticeFault(name)) {
        const { gateway: _, ...rest } = setting ?? {};
        if (setting === null) world.messages.faults.disarm(name);
        else world.messages.faults.arm(name, rest);
      } else return false;
      return true;
    },
  };
}

export function faultRoutes(api: Api, context: ApiContext): void {
  const { world, gateways } = context;
  const { list, set } = makeSwitches(context);

  const tell = async (): Promise<void> => {
    const armed = list().faults.filter((fault) => fault.armed !== null);
    const zh = armed.length === 0 ? "故障开关全部关闭" : `故障开关：${armed.map((fault) => fault.zh).join("、")}`;
    const en = armed.length === 0 ? "All fault switches off" : `Faults: ${armed.map((fault) => fault.en).join(", ")}`;
    world.story.tell("fault", "faults", zh, en);
    world.changed("faults");
    await gateways.faultsApplied();
  };

  api.get(
    "/faults",
    {
      schema: {
        description: "Every fault switch of gateways and devices, what it does, and whether it is armed.",
        response: { 200: FaultList },
      },
    },
    list,
  );

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
    async (request, reply) => {
      const wanted = request.body.faults;
      const unknown = wanted.find(({ name }) => !isKnown(name));
      if (unknown !== undefined) return problem(reply, "unknownFault", unknown.name);
      for (const { name } of list().faults) set(name, null);
      for (const { name, ...setting } of wanted) set(name, setting);
      await tell();
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
    async (request, reply) => {
      if (!set(request.params.name, request.body)) return problem(reply, "unknownFault", request.params.name);
      await tell();
      return list();
    },
  );
  api.delete(
    "/faults/:name",
    { schema: { description: "Turns one switch off.", params: ByName, response: { 200: FaultList, ...Failure } } },
    async (request, reply) => {
      if (!set(request.params.name, null)) return problem(reply, "unknownFault", request.params.name);
      await tell();
      return list();
    },
  );
}
