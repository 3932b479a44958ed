/** 补卡: what a replacement makes of a card in the books, and what the card before it still proves. */
import type { CardState } from "../aggregates.ts";
import type { CardSecret, RefundProof } from "./types.ts";

export const firstSecret: CardSecret = { version: 0, pending: null, onPhone: false };

/**
 * The same card, replaced: from this very commit the one before it is an old one everywhere, and every image of it counts
 * for nothing. The new chip gets a secret that nobody has seen.
 */
export function replacedCard(card: CardState): CardState {
  return {
    ...card,
    status: "current",
    replacement: card.replacement + 1,
    scriptSeq: card.scriptSeq + 1,
    secret: { version: (card.secret.pending ?? card.secret.version) + 1, pending: null, onPhone: false },
  };
}

/** The meter has not been seen to accept its last purchase, as far as the books know. */
export const isUnproven = (card: CardState): boolean => card.count > 0 && card.acceptedCount !== card.count;

const strength: Record<RefundProof, number> = { image: 0, returnArea: 1, index: 2, none: 3 };

/** What a purchase once needed it needs for ever. */
export const strongerProof = (a: RefundProof, b: RefundProof): RefundProof => (strength[a] >= strength[b] ? a : b);
