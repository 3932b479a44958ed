/** Logs as JSON lines. No secret, payment code, full name or address may get into one. */
import { type DestinationStream, type Logger, pino } from "pino";

/** Never logged by intent; this is the second wall, for objects logged whole by mistake. */
const secretFields = [
  "authCode",
  "authorization",
  "body",
  "token",
  "signature",
  "secret",
  "secretHex",
  "pscHex",
  "password",
  "privateKeyPem",
  "publicKey",
  "name",
  "holderName",
  "address",
  "phone",
];

export function makeLog(level: string, destination?: DestinationStream): Logger {
  const paths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  const options = {
    level,
    redact: { paths, censor: "[masked]" },
    serializers: { err: plainError },
    base: null,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** A database's error carries the row in `detail` and `parameters`; only what names the fault is kept. */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: typeof error };
  const { code, constraint } = error as { code?: unknown; constraint?: unknown };
  return {
    type: error.constructor.name,
    message: error.message,
    stack: error.stack,
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof constraint === "string" ? { constraint } : {}),
  };
}
