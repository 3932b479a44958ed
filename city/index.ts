/** What `npm start` runs, and the built-in PostgreSQL for those who measure against it. */
export { type City, type CityOptions, startCity } from "./src/city.ts";
export type { Address, Link } from "./src/links.ts";
export { startPostgres } from "./src/postgres/launcher.ts";
