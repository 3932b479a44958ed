/**
 * Server-sent events, read side (WHATWG HTML, "Server-sent events": parsing an event stream). Only `data:` matters here:
 * a purchase's stream has one kind of event and is resumed by its version, not by `Last-Event-ID`.
 */

/** No event of ours comes near this; a longer one is a broken stream, not something to buffer for ever. */
const maxEventChars = 256 * 1024;

/** Feeds text in, gives each finished event's data out. Throws RangeError when an event outgrows the bound. */
export function eventReader(): (chunk: string) => string[] {
  let rest = "";
  let data: string[] = [];
  let size = 0;
  return (chunk) => {
    const done: string[] = [];
    // A lone CR is also a line end in the standard; our servers send LF, proxies at most CRLF.
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) done.push(data.join("\n"));
        data = [];
        size = 0;
      } else if (line.startsWith("data:")) {
        const value = line.slice(5);
        data.push(value.startsWith(" ") ? value.slice(1) : value);
        // An empty line costs too, or a stream of nothing else would be kept without end.
        size += value.length + 1;
      }
    }
    if (size + rest.length > maxEventChars) throw new RangeError("event stream: event too long");
    return done;
  };
}
