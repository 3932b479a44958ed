/**
 * What the agent tells the screen to draw, and what the screen may say back. The agent owns the sale; the screen owns
 * nothing and keeps nothing: after a reload it asks for the current view and goes on.
 *
 * Wire: WebSocket at `/socket` of the agent; every message of the agent is a `ViewMessage`, every message of the screen
 * an `ActionMessage`. An action names the `seq` of the view it was made on; one made on an older view is dropped, so a
 * tap can't land on a screen the customer hasn't seen.
 */
import type { BreakdownView, CustomerView, RefusalCode } from "@citygas/api";

export interface ViewMessage {
  type: "view";
  seq: number;
  /** Agent's clock when sent (ms), so that the screen can draw countdowns against `until`. */
  now: number;
  header: { company: string; unit: string; hotline: string; terminal: string };
  /** Step bar: 0 none, 1 开始读卡, 2 充值输入, 3 确认金额, 4 手机支付, 5 开始写卡. */
  step: 0 | 1 | 2 | 3 | 4 | 5;
  /** The card must stay in: amber frame, "请勿拔出IC卡", nothing pressable. */
  cardLocked: boolean;
  /** A limit on this screen: until when (agent's clock) and how long it was in all. */
  limit: { until: number; totalMs: number } | null;
  /** 还需要时间吗: shown over the screen from 10 s before `limit.until`, answered by `moreTime` or `finish`. */
  askMoreTime: boolean;
  /** Voice prompt to say when this view appears; null = silent. `nonce` changes when it is to be said again. */
  voice: { prompt: VoicePrompt; amountFen?: number; nonce: number } | null;
  paper: "ok" | "low" | "out" | "jammed";
  screen: Screen;
}

/** Every voice prompt id. Text in texts/, clip in kiosk/screen/public/voice. */
export type VoicePrompt =
  | "welcome"
  | "insertCard"
  | "reading"
  | "enterAmount"
  | "checkPurchase"
  | "scanCode"
  | "enterPassword"
  | "waitPayment"
  | "paidWriting"
  | "writing"
  | "success"
  | "successNoReceipt"
  | "takeCard"
  | "takeReceipt"
  | "gasOnCard"
  | "writeFailed"
  | "cardPulled"
  | "payTimeout"
  | "unknownPayment"
  | "refused"
  | "moreTime"
  | "tenSeconds"
  | "wrongWay"
  | "refunded"
  | "offline"
  | "finishing"
  | "yielding"
  | "takingBack"
  | "takeBackFailed"
  | "refunding"
  | "meterFirst";

export type Screen =
  | { name: "outOfService"; reason: "reader" | "scanner" | "server" | "paired"; since: number }
  | { name: "home" }
  | { name: "notes" }
  | { name: "insertCard" }
  | { name: "reading" }
  /** The card's purchase on a phone is being closed, because this reader holds the card; it goes on by itself. */
  | { name: "yielding"; number: string }
  /** Finishing an earlier purchase found open at this insertion (paid or torn elsewhere): no question asked. */
  | { name: "resuming"; number: string; delivers: Delivered }
  | {
      name: "account";
      customer: CustomerView;
      unit: "volume" | "money";
      /** Most of this purchase: litres or fen; null = none. */
      maximum: { value: number; rule: string } | null;
      /** As typed: digits and at most one point. */
      entry: string;
      quick: number[];
      error: null | { code: RefusalCode; value: number | null };
      /** The outcome of an earlier purchase the customer hasn't seen yet. */
      notice: null | Outcome;
      busy: boolean;
    }
  | { name: "confirm"; customer: CustomerView; breakdown: BreakdownView; busy: boolean; requoted: boolean }
  | {
      name: "pay";
      payableFen: number;
      number: string;
      /** A scan that was no payment code, and what it was. */
      rejected: null | "collectionCode" | "notAPaymentCode" | "unionpay" | "ecny";
      wallet: null | "wechat" | "alipay";
      /** The last code was refused by the wallet; a new one may be shown. */
      refused: null | "balance" | "code" | "risk" | "other";
    }
  /** Code taken, answer awaited; `password` = the wallet asks the customer. `long`: over 10 s. */
  | {
      name: "payWaiting";
      payableFen: number;
      number: string;
      wallet: "wechat" | "alipay";
      password: boolean;
      long: boolean;
    }
  /** Neither paid nor cancelled is confirmed yet. `url` opens /r/{token}. */
  | { name: "unknownPayment"; number: string; url: string; payableFen: number; cancelling: boolean; cardIn: boolean }
  /** From the scan on: 钱已付，正在写卡，请不要拔卡. `paid` false only when nothing was to pay. */
  | { name: "writing"; number: string; delivers: Delivered; paid: boolean }
  /** The image that proves an empty card goes on it, so that the money can go back. */
  | { name: "takingBack"; number: string; amountFen: number }
  | { name: "success"; number: string; delivers: Delivered; printable: boolean; cardIn: boolean }
  | { name: "printing" }
  | { name: "printed"; cardIn: boolean }
  | { name: "printFailed"; reason: "paperOut" | "jammed" | "offline" | "timeout"; url: string; cardIn: boolean }
  | { name: "gasOnCard"; customer: CustomerView; gas: Delivered; boughtOn: string | null; notice: null | Outcome }
  | {
      name: "writeFailed";
      number: string;
      delivers: Delivered;
      url: string;
      why: WriteTrouble;
      hall: boolean;
    }
  /** The same of a refund's image: neither the gas nor the money is settled yet. */
  | { name: "takeBackFailed"; number: string; url: string; why: WriteTrouble; hall: boolean }
  /** 支付操作已超时: `confirmed` only when nothing was or can be taken any more. */
  | { name: "payTimeout"; confirmed: boolean; number: string; url: string }
  | {
      name: "cancelled";
      number: string;
      by: "customer" | "payment" | "cardPulled";
      refused: null | "balance" | "code" | "risk" | "other";
      cardIn: boolean;
    }
  /**
   * `done` false: the money is on its way back, not yet there. `amountFen` to the wallet, `balanceFen` to the account.
   * `meterFirst`: the card bears the image that proved it empty, and its meter must take that before it can buy again.
   */
  | {
      name: "refunded";
      number: string;
      amountFen: number;
      balanceFen: number;
      url: string;
      done: boolean;
      meterFirst: boolean;
    }
  | { name: "refused"; code: RefusalCode; value: number | null; number: string | null; cardIn: boolean }
  | { name: "cardPulled"; before: "payment" | "write"; number: string | null; url: string | null }
  | { name: "wrongWay" }
  | { name: "takeCard" };

/** Why a script did not come to its end. */
export type WriteTrouble = "cardPulled" | "card" | "network" | "unknown";
export type Delivered = { kind: "volume"; volumeL: number } | { kind: "amount"; meterCreditFen: number };
export type Outcome = {
  kind: "delivered" | "refunded" | "refunding" | "cancelled";
  number: string;
  delivers: Delivered;
  amountFen: number;
  at: number;
};

export interface ActionMessage {
  type: "action";
  seq: number;
  action: Action;
}
export type Action =
  | { do: "start" } // IC卡购气
  | { do: "notes" }
  | { do: "back" } // 返回; on the payment page a cancellation under the protocol
  | { do: "confirmInsert" } // 确定 on the insert screen
  | { do: "key"; key: "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "." | "backspace" | "clear" }
  | { do: "quick"; value: number } // litres or fen
  | { do: "ok" } // 确定
  | { do: "pay" } // 刷码支付
  | { do: "print" } // 打印收据
  | { do: "done" } // 购气完成
  | { do: "moreTime" }
  | { do: "finish" }; // no more time needed
