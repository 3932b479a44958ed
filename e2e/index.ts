/** The whole chapter in a real browser, against a whole city; others' tests borrow its oracle of the money. */
export { type BookedSum, moneyDisagreements, type Sides } from "./money.ts";
export { sidesOf } from "./sides.ts";
