/**
 * How one part of a city finds another. By itself it is told the other's own address; whoever wants something between
 * the two (a balancer before several servers, a line that can be cut) answers with the address of that.
 */

/** `host` may be the folder of a unix socket, as PostgreSQL's clients take it. */
export interface Address {
  host: string;
  port: number;
}

/** Where `from` is told to find `to`, which serves at each of these addresses. Asked once per pair that uses it, or more. */
export type Link = (from: string, to: string, at: readonly Address[]) => Promise<Address>;

export const directly: Link = async (from, to, [first]) => {
  if (first === undefined) throw new Error(`${from} has nowhere to find ${to}`);
  return first;
};

/** The same URL at the address that the link says; `scheme://host:port` and a path, nothing behind it. */
export async function urlThrough(link: Link, from: string, to: string, url: string): Promise<string> {
  const { protocol, hostname, port, pathname } = new URL(url);
  const at = await link(from, to, [{ host: hostname, port: Number(port) }]);
  return `${protocol}//${at.host}:${at.port}${pathname === "/" ? "" : pathname}`;
}
