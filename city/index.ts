/** What `npm start` runs; its PostgreSQL and its choice of ports for those who test and measure beside it. */
export { type City, type CityOptions, startCity } from "./src/city.ts";
export type { Address, Link } from "./src/links.ts";
export { freePort } from "./src/ports.ts";
export { startPostgres } from "./src/postgres/launcher.ts";
