import { type Static, Type } from "typebox";
import { CpuCardRow, MeterRow, PlainChipRow, Sle4442Row } from "./state/rows.ts";

/**
 * What the world begins with: applied once, when its folder is empty. Whoever starts it knows accounts and layouts;
 * the sandbox gets bytes.
 */
export const SeedCard = Type.Object(
  {
    id: Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" }),
    label: Type.String({ maxLength: 100 }),
    /** For people only: the chip carries a card number. */
    accountNumber: Type.Optional(Type.String({ maxLength: 40 })),
    /** 256 bytes. */
    imageHex: Type.Optional(Type.String({ pattern: "^[0-9a-fA-F]{512}$" })),
    /** 3 bytes; without it the factory's ffffff. */
    pscHex: Type.Optional(Type.String({ pattern: "^[0-9a-fA-F]{6}$" })),
    errorCounter: Type.Optional(Sle4442Row.properties.errorCounter),
    /** 4 bytes of protection memory, 0 bit = locked; without it bytes 0–3 are locked. */
    protectBits: Type.Optional(Type.String({ pattern: "^[0-9a-fA-F]{8}$" })),
    /** Another chip than an SLE4442, all of it; then the four before mean nothing. */
    chip: Type.Optional(Type.Union([CpuCardRow, PlainChipRow])),
    /** Nothing answers in it. */
    mute: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

const PhoneSettings = Type.Object(
  {
    askPassword: Type.Optional(Type.Boolean()),
    noBalance: Type.Optional(Type.Boolean()),
    offline: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export const SandboxSeed = Type.Object(
  {
    cards: Type.Array(SeedCard),
    meters: Type.Array(MeterRow),
    phones: Type.Array(
      Type.Object(
        {
          id: Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" }),
          name: Type.String({ maxLength: 100 }),
          /** In each of its wallets. */
          balanceFen: Type.Integer({ minimum: 0 }),
          settings: Type.Optional(PhoneSettings),
          /** Text messages to it arrive here. */
          mobile: Type.Optional(Type.String({ pattern: "^[0-9]{5,15}$" })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

export type SeedCard = Static<typeof SeedCard>;
export type SandboxSeed = Static<typeof SandboxSeed>;
