import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import { Type } from "typebox";
import type { Gateways } from "../gateways/gateways.ts";
import type { MotorState } from "../reader/crt/motor.ts";
import type { KioskId, ReaderId } from "../world/context.ts";
import type { World } from "../world/world.ts";
import { Problem } from "./problems.ts";

/** What the routes reach: the world's things, the gateways, and the wires of the scanners. */
export interface ApiContext {
  world: World;
  gateways: Omit<Gateways, "close" | "wechatUrl" | "alipayUrl" | "acquirerUrl">;
  /** False when no one is connected to that scanner. */
  scan(kiosk: KioskId, text: string): boolean;
  /** null: that reader is not motorised. */
  motor(reader: ReaderId): MotorState | null;
}

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export const KioskName = Type.Union([Type.Literal("kiosk-1"), Type.Literal("kiosk-2")]);
export const ReaderName = Type.Union([Type.Literal("kiosk-1"), Type.Literal("kiosk-2"), Type.Literal("desk-1")]);
export const GatewayName = Type.Union([Type.Literal("wechat"), Type.Literal("alipay"), Type.Literal("acquirer")]);
export const WalletName = Type.Union([
  Type.Literal("wechat"),
  Type.Literal("alipay"),
  Type.Literal("unionpay"),
  Type.Literal("ecny"),
]);
export const ById = Type.Object({ id: Type.String() });
export const ByKiosk = Type.Object({ kiosk: KioskName });
export const Failure = { "4xx": Problem };
