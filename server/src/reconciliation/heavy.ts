/** Connections for statements that read a whole day: few, patient, with more memory for hash joins, and never for ever. */
import type { PoolClient } from "pg";
import { type DatabaseConnection, errorCode, openPool } from "../store/database.ts";

/** The longest statement: a day of a million payments takes some seconds. */
export const statementMaxMs = 600_000;
const triesMax = 5;

export interface HeavyPool {
  /**
   * Runs in one transaction in which every statement sees the same data; rolled back when `use` rejects. `use` may be
   * called several times, each in a new transaction.
   */
  transaction<T>(use: (client: PoolClient) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function openHeavyPool(connection: DatabaseConnection): HeavyPool {
  const pool = openPool(connection, { max: 2, name: "citygas-reconciliation" });
  return {
    async transaction(use) {
      for (let tries = 1; ; tries++) {
        try {
          return await once(use);
        } catch (error) {
          // Another server was there first, or took the same number: a new transaction sees what it did.
          const conflict = ["40001", "40P01", "23505"].includes(errorCode(error) ?? "");
          if (!conflict || tries >= triesMax) throw error;
        }
      }
    },
    close: () => pool.end(),
  };

  async function once<T>(use: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    let healthy = false;
    try {
      // Servers that don't know a setting plan as they like.
      for (const setting of [`statement_timeout = ${statementMaxMs}`, "work_mem = '128MB'"])
        await client.query(`set ${setting}`).catch(() => undefined);
      await client.query("begin isolation level repeatable read");
      const value = await use(client);
      await client.query("commit");
      healthy = true;
      return value;
    } finally {
      // After any error a fresh connection: closing this one rolls back.
      client.release(!healthy);
    }
  }
}

/** A statement that may take long: without its own limit the driver would give up on it first. */
export function long(text: string, values: unknown[]): { text: string; values: unknown[]; query_timeout: number } {
  return { text, values, query_timeout: statementMaxMs };
}
