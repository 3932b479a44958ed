import { expect, it } from "vitest";
import { directly, type Link, urlThrough } from "./links.ts";

const moved: Link = async (_from, _to, [first]) => ({ host: "127.0.0.2", port: (first?.port ?? 0) + 1 });

it("leaves an address as it is where nothing stands between", async () => {
  expect(await urlThrough(directly, "kiosk-1", "reader", "tcp://127.0.0.1:4000")).toBe("tcp://127.0.0.1:4000");
  expect(await directly("server", "postgres", [{ host: "/run/pg", port: 5432 }])).toEqual({
    host: "/run/pg",
    port: 5432,
  });
  await expect(directly("server", "postgres", [])).rejects.toThrow("server has nowhere to find postgres");
});

it("keeps scheme and path of a URL, and makes none where there was none", async () => {
  expect(await urlThrough(moved, "server", "alipay", "http://127.0.0.1:4000/gateway.do")).toBe(
    "http://127.0.0.2:4001/gateway.do",
  );
  expect(await urlThrough(moved, "server", "wechat", "http://127.0.0.1:4000")).toBe("http://127.0.0.2:4001");
});
