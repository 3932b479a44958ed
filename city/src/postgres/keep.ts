/** PostgreSQL for as long as the city runs: started again when it dies under us, on the same socket. */
import { type PostgresConnection, type RunningPostgres, startPostgres } from "./launcher.ts";

export interface Postgres {
  connection: PostgresConnection;
  pid(): number;
  /** Told whenever it runs again under another pid. */
  onRestart(listener: () => void): void;
  stop(): Promise<void>;
}

const pauseMs = 200;

export async function keepPostgres(dataDir: string, log: (line: string) => void): Promise<Postgres> {
  let running = await startPostgres({ dataDir, log });
  let stopping = false;
  const listeners: (() => void)[] = [];
  let restarting: Promise<void> = Promise.resolve();

  const watch = (server: RunningPostgres): void => {
    void server.exited.then(() => {
      if (!stopping) restarting = again();
    });
  };
  /** Never gives up, never in a tight loop: without its database the city can only wait for it. */
  async function again(): Promise<void> {
    while (!stopping) {
      log("PostgreSQL ended; starting it again");
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      try {
        running = await startPostgres({ dataDir, log });
        watch(running);
        for (const listener of listeners) listener();
        return;
      } catch (error) {
        log(`PostgreSQL did not start: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  watch(running);
  return {
    connection: running.connection,
    pid: () => running.pid,
    onRestart: (listener) => {
      listeners.push(listener);
    },
    stop: async () => {
      stopping = true;
      await restarting;
      await running.stop();
    },
  };
}
