/** Every duration of the flow (ms) that is not the centre's to set. */
export const times = {
  /** Before the first heartbeat; the manual's own figures. */
  codeWindowMs: 60_000,
  successWindowMs: 30_000,
  idleMs: 60_000,
  /** 还需要时间吗 comes this long before a soft limit. */
  askBeforeMs: 10_000,
  /** Reading a card and asking the centre about it. */
  readingMs: 20_000,
  /** A quote or its confirmation: the customer is looking. */
  quoteRetryMs: 8_000,
  /** A code not sent within this of its scan is dropped. */
  codeRetryMs: 10_000,
  /** Giving up must reach the centre, which also has its own timers. */
  cancelRetryMs: 90_000,
  /** A cancellation unanswered for this long is said to be under way. */
  cancelQuietMs: 1_000,
  /** "It takes long" on the waiting screen, and the end of waiting there. */
  payLongMs: 10_000,
  payPatienceMs: 75_000,
  /** An unknown payment frees the kiosk after this; the purchase goes on at the centre. */
  unsettledMs: 90_000,
  /** How often the centre is asked whether the purchase on a phone is closed, and how long the card may wait for that. */
  yieldAskMs: 1_000,
  yieldMs: 90_000,
  scriptRetryMs: 60_000,
  reportWaitMs: 20_000,
  /** Screens that only say something. */
  dwellMs: 30_000,
  /** Between two calls of "take your card". */
  callMs: 5_000,
} as const;
