import { connect } from "node:net";
import { expect, test } from "vitest";
import { serveScanner } from "./scanner-server.ts";

test("a symbol is its text and a carriage return; without a client it is lost", async () => {
  const scanner = await serveScanner(0);
  expect(scanner.scan("lost")).toBe(false);
  const socket = connect(scanner.port, "127.0.0.1");
  const received = new Promise<string>((resolve) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString();
      if (text.endsWith("\r") && text.length > 5) resolve(text);
    });
  });
  // The server knows of the client a moment after the client does.
  while (!scanner.scan("130000000000000000")) await new Promise((resolve) => setImmediate(resolve));
  scanner.scan("wxp://付款");
  const text = await received;
  expect(text.startsWith("130000000000000000\r")).toBe(true);
  socket.destroy();
  await scanner.close();
});
