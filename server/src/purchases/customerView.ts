import type { CustomerView } from "@citygas/api";
import type { AccountState } from "@citygas/core";
import type { Customer } from "../context.ts";
import { maskAddress, maskName } from "./mask.ts";

/** The customer as a terminal may show them to whoever stands before it (I10); 用户号 in full. */
export function customerView(customer: Customer, account: AccountState, cardNumber: string): CustomerView {
  return {
    accountNumber: customer.accountNumber,
    name: maskName(customer.holderName),
    address: maskAddress(customer.address, customer.room),
    balanceFen: account.balanceFen,
    cardTail: cardNumber.slice(-4),
  };
}
