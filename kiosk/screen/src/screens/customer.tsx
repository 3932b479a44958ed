import type { CustomerView } from "@citygas/api";
import { yuan } from "@citygas/texts";
import type { JSX } from "preact";
import { useKiosk } from "../kiosk.ts";

/** 用户信息: name and address come masked from the centre. */
export function Customer({ customer, compact = false }: { customer: CustomerView; compact?: boolean }): JSX.Element {
  const { t, language } = useKiosk();
  return (
    <dl class={compact ? "customer compact" : "customer"} aria-label={t.account.customer}>
      <div>
        <dt>{t.account.name}</dt>
        <dd>{customer.name}</dd>
      </div>
      <div>
        <dt>{t.account.accountNumber}</dt>
        <dd class="figures">{customer.accountNumber}</dd>
      </div>
      <div>
        <dt>{t.account.balance}</dt>
        <dd class="figures">
          {yuan(customer.balanceFen, language)}
          {!compact && <small>{t.account.balanceHint}</small>}
        </dd>
      </div>
      <div>
        <dt>{t.account.address}</dt>
        <dd>{customer.address}</dd>
      </div>
    </dl>
  );
}
