/** Holders (户主) and addresses. */
import { Type } from "typebox";
import { Name, orNull } from "./fields.ts";
import { unlessTaken } from "./outcome.ts";
import type { Resource } from "./resource.ts";

export const HolderBody = Type.Object({
  name: Name,
  kind: Type.Union([Type.Literal("person"), Type.Literal("organisation")]),
  phone: Type.Optional(orNull(Type.String({ maxLength: 32 }))),
  persons: Type.Optional(Type.Integer({ minimum: 0, maximum: 99 })),
});
const HolderView = Type.Object({
  id: Type.String(),
  name: Name,
  kind: HolderBody.properties.kind,
  phone: orNull(Type.String()),
  persons: Type.Integer(),
});

interface HolderRow {
  id: string;
  name: string;
  kind: "person" | "organisation";
  phone: string | null;
  persons: number;
}

export const holders: Resource<typeof HolderBody, typeof HolderView, HolderRow> = {
  path: "/holders",
  tag: "registration",
  summary: "户主 · holder",
  body: HolderBody,
  view: HolderView,
  source: {
    sql: "select id, name, kind, phone, persons from holder",
    search: ["name", "phone"],
    filters: {},
    view: (row) => row,
  },
  create: (ctx, id, body) =>
    unlessTaken("holder", () =>
      ctx.db.query(
        "insert into holder (id, name, kind, phone, persons, document) values ($1, $2, $3, $4, $5, '{}') on conflict (id) do nothing",
        [id, body.name, body.kind, body.phone ?? null, body.persons ?? 0],
      ),
    ),
};

const part = Type.String({ maxLength: 60 });
export const AddressBody = Type.Object({
  district: part,
  community: part,
  building: part,
  unit: part,
  room: Type.String({ minLength: 1, maxLength: 60 }),
  fullText: Type.String({ minLength: 1, maxLength: 200 }),
});
const AddressView = Type.Object({ id: Type.String(), ...AddressBody.properties });

interface AddressRow {
  id: string;
  district: string;
  community: string;
  building: string;
  unit: string;
  room: string;
  full_text: string;
}

export const addresses: Resource<typeof AddressBody, typeof AddressView, AddressRow> = {
  path: "/addresses",
  tag: "registration",
  summary: "地址 · address",
  body: AddressBody,
  view: AddressView,
  source: {
    sql: "select id, district, community, building, unit, room, full_text from address",
    search: ["full_text"],
    filters: { community: "community", building: "building" },
    view: ({ full_text, ...row }) => ({ ...row, fullText: full_text }),
  },
  create: (ctx, id, body) =>
    unlessTaken("address", () =>
      ctx.db.query(
        `insert into address (id, district, community, building, unit, room, full_text)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`,
        [id, body.district, body.community, body.building, body.unit, body.room, body.fullText],
      ),
    ),
};
