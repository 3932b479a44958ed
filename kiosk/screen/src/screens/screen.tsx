import type { Screen } from "@citygas/kiosk-agent";
import type { JSX } from "preact";
import { Account } from "./account.tsx";
import { Confirm } from "./confirm.tsx";
import { Printed, PrintFailed, Success, TakeCard } from "./finish.tsx";
import { Pay } from "./pay.tsx";
import { Home, InsertCard, Notes, OutOfService } from "./start.tsx";
import {
  Cancelled,
  CardPulled,
  GasOnCard,
  PayTimeout,
  Refunded,
  Refused,
  TakeBackFailed,
  WriteFailed,
  WrongWay,
} from "./stops.tsx";
import { PayWaiting, Printing, Reading, Resuming, TakingBack, UnknownPayment, Writing, Yielding } from "./waiting.tsx";

/** The screen that the agent asks for. */
export function ScreenView({ screen }: { screen: Screen }): JSX.Element {
  switch (screen.name) {
    case "outOfService":
      return <OutOfService screen={screen} />;
    case "home":
      return <Home />;
    case "notes":
      return <Notes />;
    case "insertCard":
      return <InsertCard />;
    case "reading":
      return <Reading />;
    case "yielding":
      return <Yielding screen={screen} />;
    case "resuming":
      return <Resuming screen={screen} />;
    case "account":
      return <Account screen={screen} />;
    case "confirm":
      return <Confirm screen={screen} />;
    case "pay":
      return <Pay screen={screen} />;
    case "payWaiting":
      return <PayWaiting screen={screen} />;
    case "unknownPayment":
      return <UnknownPayment screen={screen} />;
    case "writing":
      return <Writing screen={screen} />;
    case "takingBack":
      return <TakingBack screen={screen} />;
    case "success":
      return <Success screen={screen} />;
    case "printing":
      return <Printing />;
    case "printed":
      return <Printed screen={screen} />;
    case "printFailed":
      return <PrintFailed screen={screen} />;
    case "gasOnCard":
      return <GasOnCard screen={screen} />;
    case "writeFailed":
      return <WriteFailed screen={screen} />;
    case "takeBackFailed":
      return <TakeBackFailed screen={screen} />;
    case "payTimeout":
      return <PayTimeout screen={screen} />;
    case "cancelled":
      return <Cancelled screen={screen} />;
    case "refunded":
      return <Refunded screen={screen} />;
    case "refused":
      return <Refused screen={screen} />;
    case "cardPulled":
      return <CardPulled screen={screen} />;
    case "wrongWay":
      return <WrongWay />;
    case "takeCard":
      return <TakeCard />;
  }
}
