/** Step ③: the whole calculation, and one question. */
import type { BreakdownView } from "@citygas/api";
import type { Screen } from "@citygas/kiosk-agent";
import { decimalLitres, decimalYuan, decimalYuanShort, fill, type KioskTexts, unitPrice } from "@citygas/texts";
import type { JSX } from "preact";
import { ToneIcon } from "../components/icons.tsx";
import { Stage } from "../components/stage.tsx";
import { useKiosk } from "../kiosk.ts";
import { Customer } from "./customer.tsx";
import { delivers } from "./words.ts";

export function Confirm({ screen }: { screen: Extract<Screen, { name: "confirm" }> }): JSX.Element {
  const { t, language } = useKiosk();
  const { breakdown } = screen;
  const free = breakdown.payableFen === 0;
  // The unit may not be parted from its amount by a line's end.
  const [before = "", unit = ""] = t.confirm.payable.split("{amount}");
  const deducted = breakdown.balanceOffsetFen + breakdown.deductions.reduce((sum, one) => sum + one.amountFen, 0);
  return (
    <Stage
      class="confirm"
      left={{ text: t.frame.back, action: { do: "back" } }}
      right={{ text: free ? t.confirm.payNothing : t.confirm.pay, action: { do: "pay" }, busy: screen.busy }}
      side={
        <section aria-labelledby="confirm-title" class="payable-panel">
          <h1 id="confirm-title" tabIndex={-1}>
            {t.confirm.title}
          </h1>
          <p class="deducted">{fill(t.confirm.deductions, { amount: decimalYuan(deducted) })}</p>
          <Deductions breakdown={breakdown} />
          <p class="payable">
            {before}
            <span class="whole">
              <strong class="figures">{decimalYuan(breakdown.payableFen)}</strong>
              {unit}
            </span>
          </p>
          <p class="delivers">
            {t.confirm.delivers} <strong>{delivers(breakdown.delivers, language)}</strong>
          </p>
          <p class="sentence">{free ? t.confirm.sentenceNothing : t.confirm.sentence}</p>
        </section>
      }
    >
      {screen.requoted && (
        <p class="notice warn" role="alert">
          <ToneIcon tone="warn" size={40} />
          {t.confirm.requoted}
        </p>
      )}
      <section aria-labelledby="customer-title">
        <h2 id="customer-title">{t.confirm.customer}</h2>
        <Customer customer={screen.customer} compact />
      </section>
      <section aria-labelledby="purchase-title" class="purchase">
        <h2 id="purchase-title">{t.confirm.purchase}</h2>
        <PriceTable breakdown={breakdown} />
      </section>
    </Stage>
  );
}

function PriceTable({ breakdown }: { breakdown: BreakdownView }): JSX.Element {
  const { t } = useKiosk();
  const byMeter = breakdown.lines.some((line) => line.kind === "meterCredit");
  return (
    <>
      <table class={breakdown.lines.length > 4 ? "prices dense" : "prices"}>
        <thead>
          <tr>
            <th scope="col">{t.confirm.item}</th>
            <th scope="col">{t.confirm.unitPrice}</th>
            <th scope="col">{t.confirm.volume}</th>
            <th scope="col">{t.confirm.amount}</th>
          </tr>
        </thead>
        <tbody>
          {breakdown.lines.map((line) => (
            <tr key={`${line.kind}-${line.tier}-${line.rule}`}>
              <th scope="row">{itemName(line, t)}</th>
              <td>{line.kind === "debt" ? "" : line.unitPriceE4 === 0 ? "0" : unitPrice(line.unitPriceE4)}</td>
              <td>{line.kind === "debt" ? "" : decimalLitres(line.volumeL)}</td>
              <td>{decimalYuanShort(line.amountFen)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={3}>
              {t.confirm.total}
            </th>
            <td>{decimalYuanShort(breakdown.goodsFen + breakdown.debtFen)}</td>
          </tr>
        </tfoot>
      </table>
      {byMeter && <p class="muted">{t.confirm.pricedByMeter}</p>}
    </>
  );
}

/** What the deducted sum is made of, when it is not the balance alone. */
function Deductions({ breakdown }: { breakdown: BreakdownView }): JSX.Element | null {
  const { t } = useKiosk();
  if (breakdown.deductions.length === 0) return null;
  return (
    <ul class="deductions">
      {breakdown.deductions.map((one) => (
        <li key={one.name}>
          <span>{one.name}</span> <span class="figures">-{decimalYuan(one.amountFen)}</span>
        </li>
      ))}
      {breakdown.balanceOffsetFen > 0 && (
        <li>
          <span>{t.account.balance}</span> <span class="figures">-{decimalYuan(breakdown.balanceOffsetFen)}</span>
        </li>
      )}
    </ul>
  );
}

function itemName(line: BreakdownView["lines"][number], t: KioskTexts): string {
  if (line.kind === "debt") return t.confirm.debt;
  return line.kind === "gas" && line.tier > 0 ? fill(t.confirm.gasTier, { tier: line.tier }) : t.confirm.gas;
}
