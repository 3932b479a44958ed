/** The public contract: schemas validate, make the types and the OpenAPI description. */

export * from "./src/client.ts";
export * from "./src/kiosk.ts";
export * from "./src/prepay.ts";
export * from "./src/refusals.ts";
