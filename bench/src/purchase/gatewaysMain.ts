/**
 * The sandbox's payment gateways with real keys, a process of their own so that their work is not taken for the
 * product's. `GET /` gives a fresh WeChat payment code of a phone with money. Its one argument is its folder; it prints
 * one JSON line when it is ready.
 */
import { createServer } from "node:http";
import { startGateways } from "@citygas/sandbox";

async function main(dir: string): Promise<void> {
  const gateways = await startGateways({ dir, now: Date.now });
  let next = 0;
  const codes = createServer((_request, response) => {
    // A phone of its own for each code: a phone shows one code until that is used.
    next += 1;
    const { id } = gateways.wallets.ensurePhone({ id: `phone-${next}`, name: `phone ${next}`, balanceFen: 100_000 });
    response.end(gateways.wallets.showCode(id, "wechat")?.code ?? "");
  });
  codes.listen({ host: "127.0.0.1", port: 0 }, () => {
    const address = codes.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const { wechat } = gateways.merchant;
    const ready = { codesUrl: `http://127.0.0.1:${address.port}/`, wechat: { ...wechat, baseUrl: gateways.wechatUrl } };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
  });
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
