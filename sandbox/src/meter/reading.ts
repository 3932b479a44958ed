import {
  type CardRole,
  type IdentityArea,
  type MeterPrice,
  type ParametersArea,
  type PurchaseArea,
  type ReturnArea,
  readIdentity,
  readParameters,
  readPrice,
  readPurchase,
  readReturn,
} from "./areas.ts";
import { type Page, type PageName, pageOf } from "./pages.ts";

/** What is on a card, for people. */
export type CardReading =
  | { kind: "mute" }
  | { kind: "blank" }
  | { kind: "foreign" }
  | { kind: "damagedIdentity" }
  | {
      kind: CardRole;
      page: PageName;
      identity: IdentityArea;
      parameters: ParametersArea | null;
      /** null: torn or damaged. */
      purchase: PurchaseArea | null;
      price: MeterPrice | "none" | null;
      returned: ReturnArea | null;
      /** Amount no meter has taken yet, litres or fen; null when the areas do not tell. */
      onCard: number | null;
    };

/** On the SLE4442 and SLE4428 the first bytes are the chip's and its maker's. */
const CHIPS_OWN_BYTES = 32;

export function readCard(image: Uint8Array): CardReading {
  const page = pageOf(image);
  if (page === null) {
    const unwritten = image.subarray(CHIPS_OWN_BYTES).every((byte) => byte === 0xff);
    return { kind: unwritten ? "blank" : "foreign" };
  }
  const identity = readIdentity(image, page);
  if (identity === null) return { kind: "damagedIdentity" };
  const purchase = readPurchase(image, page);
  const returned = readReturn(image, page);
  return {
    kind: identity.role,
    page: page.name,
    identity,
    parameters: readParameters(image, page),
    purchase,
    price: readPrice(image, page),
    returned,
    onCard: purchase === null ? null : onCard(page, purchase, returned),
  };
}

function onCard({ cardClass }: Page, purchase: PurchaseArea, returned: ReturnArea | null): number | null {
  if (cardClass === "C") return purchase.amount;
  if (returned === null) return null;
  if (purchase.total !== null) return Math.max(0, purchase.total - returned.totalCredited);
  return returned.beenInMeter && returned.acceptedCount >= purchase.count ? 0 : purchase.amount;
}
