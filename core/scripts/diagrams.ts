/** `npm run diagrams`: writes what docs/payments.md shows of the payment machine. */
import { readFileSync, writeFileSync } from "node:fs";
import { withGenerated } from "./paymentPage.ts";

const page = new URL("../../docs/payments.md", import.meta.url);

writeFileSync(page, withGenerated(readFileSync(page, "utf8")));
