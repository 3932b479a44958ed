import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { errorCode, nothingLeft } from "./plain.ts";

/**
 * One HTTP request on a connection of its own: never repeated, never redirected, through no proxy, and over when its
 * time is over, however slowly bytes still drip in. A connection that was kept from the last request may be closed by the
 * other side just as this one goes out, and nobody could say whether it had arrived.
 */
export interface OneRequest {
  method: "GET" | "POST";
  url: URL;
  headers: Readonly<Record<string, string>>;
  body?: Uint8Array;
}

export type Answered<T> =
  | { kind: "answered"; value: T }
  /** No whole answer. `notSent`: the connection never stood. */
  | { kind: "silent"; why: string; notSent: boolean };

/** @param read takes the reply within the same time limit; what it throws makes the answer silent, by its `code`. */
export async function oneRequest<T>(
  { method, url, headers, body }: OneRequest,
  timeoutMs: number,
  read: (reply: IncomingMessage) => Promise<T>,
): Promise<Answered<T>> {
  const signal = AbortSignal.timeout(timeoutMs);
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const request = send(url, { method, headers: { ...headers }, agent: false, signal });
  let answered = false;
  try {
    const reply = await new Promise<IncomingMessage>((resolve, reject) => {
      request.on("response", resolve);
      request.on("error", reject);
      request.end(body);
    });
    answered = true;
    return { kind: "answered", value: await read(reply) };
  } catch (error) {
    const why = signal.aborted ? "ETIMEDOUT" : errorCode(error);
    return { kind: "silent", why, notSent: !answered && nothingLeft(why) };
  } finally {
    request.destroy();
  }
}

/** What came is not what was announced or allowed. */
export class Damaged extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export async function readBody(reply: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of bytesOf(reply)) {
    size += part.byteLength;
    if (size > maxBytes) throw new Damaged("tooLarge");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** A reply without an encoding gives buffers, which its type leaves open. */
export const bytesOf = (reply: IncomingMessage): AsyncIterable<Buffer> => reply;
