/**
 * What every capability is given: the edges, made once at start and passed in. Nothing here is a global.
 */
import type {
  AdoptionWindow,
  ChannelName,
  DeductionRule,
  Delivers,
  HouseholdFacts,
  Id,
  Instant,
  TariffVersion,
} from "@citygas/core";
import type { CpuCipher } from "@citygas/gascard";
import type { CodePayChannel } from "@citygas/gateways";
import type { Pool } from "pg";
import type { Logger } from "pino";
import type { Store } from "./store/port.ts";

export interface ServerContext {
  store: Store;
  /** For lists, search, registration data. Money and gas go through `store` only. */
  db: Pool;
  now(): Instant;
  newId(): Id;
  /** Random bytes from the system. */
  random(bytes: number): Uint8Array;
  channels: ReadonlyMap<ChannelName, CodePayChannel>;
  keys: KeyService;
  registry: Registry;
  log: Logger;
  settings: ServerSettings;
}

export interface ServerSettings {
  /** Where people reach this city from outside, for QR links: no trailing slash. */
  publicUrl: string;
  /** Bought at a reader: may be finished at any reader this long. */
  finishMs: number;
  /** Terminals wait this long for a customer who does nothing; they ask ten seconds before. */
  idleMs: number;
  /** Longest life of a card script. */
  scriptMs: number;
  /** Debts stand as rows of the purchase, or block the sale. */
  debts: "rows" | "block";
  production: boolean;
}

/** Masters never leave it; a caller gets what one script needs. */
export interface KeyService {
  /**
   * The secret of a memory card's chip, lower-case hex, diversified from a master by card number. `version`: how often it
   * was changed; left out: never, on a chip that takes 3 bytes.
   */
  cardSecret(cardNumber: string, secret?: { bytes: number; version: number }): Promise<string>;
  /** Are there keys for CPU cards of this cipher? One that could not be written is not sold to. */
  seals(cipher: CpuCipher): boolean;
  /** The MAC of one command to a CPU card, under that card's own key and over the challenge it gave. */
  cardMac(cardNumber: string, cipher: CpuCipher, challenge: Uint8Array, input: Uint8Array): Promise<Uint8Array>;
  /**
   * Did the card with this number make this answer of the challenge? A copy of its bytes can't. null: no key here can say
   * (a PSAM makes MACs only; the masters are of another cipher).
   */
  cardProves(cardNumber: string, cipher: CpuCipher, challenge: Uint8Array, answer: Uint8Array): Promise<boolean | null>;
  /**
   * For the virtual cards of development: this card's keys, hex, for sealed commands and for proofs. No key device can
   * say them.
   */
  virtualCardKeys?(cardNumber: string, cipher: CpuCipher): Promise<VirtualCardKeys>;
  /** Ends what it holds open. */
  close?(): Promise<void>;
}

export interface VirtualCardKeys {
  sealHex: string;
  proofHex: string;
}

/** What a purchase needs to know about who buys. Read-only view over the registration tables. */
export interface Customer {
  accountId: Id;
  accountNumber: string;
  holderName: string;
  /** Full text; mask before it leaves (I10). */
  address: string;
  room: string;
  /** Stands on the cards of the account's unit. */
  areaCode: string;
  unit: { id: Id; name: string; company: string; hotline: string };
  household: HouseholdFacts;
  tariff: readonly TariffVersion[];
  deductions: readonly DeductionRule[];
  debts: readonly { id: Id; amountFen: number; kind: string }[];
  meter: { id: Id; unit: Delivers["kind"]; ceiling: number; settlement: "meter" | "centre"; model: string } | null;
  /** Company settings: quick amounts (litres or fen), later writing. */
  quick: readonly number[];
  later: boolean;
  /** Windows of the account's unit, open or not: which cards of an old system are believed. */
  adoption: readonly AdoptionWindow[];
}

export interface TerminalFacts {
  id: Id;
  name: string;
  kind: "kiosk" | "desk" | "phone";
  unit: Customer["unit"];
}

export interface Registry {
  /** undefined: no such account. */
  customer(accountId: Id): Promise<Customer | undefined>;
  /** Aggregate id of the card with this number on it, whatever its status; undefined: not in the books. */
  cardIdByNumber(cardNumber: string): Promise<Id | undefined>;
  terminal(id: Id): Promise<TerminalFacts | undefined>;
}
