import type { JSX } from "preact";
import { useKiosk } from "../kiosk.ts";
import { Button } from "./button.tsx";

const digits = ["1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

/** Digits in phone order, point (where parts of the unit are sold), backspace, clear. */
export function Keypad({ point }: { point: boolean }): JSX.Element {
  const { t } = useKiosk();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would draw and announce a form where there is none
    <div class="keypad" role="group" aria-label={t.account.keypad}>
      {digits.map((key) => (
        <Button key={key} kind="key" action={{ do: "key", key }}>
          {key}
        </Button>
      ))}
      {point && (
        <Button kind="key" action={{ do: "key", key: "." }} label={t.account.point}>
          .
        </Button>
      )}
      <Button kind="key" class={point ? "" : "double"} action={{ do: "key", key: "0" }}>
        0
      </Button>
      <Button kind="key" action={{ do: "key", key: "backspace" }} label={t.account.backspace}>
        <svg width="56" height="44" viewBox="0 0 56 44" aria-hidden="true">
          <path class="line" d="M18 5h32a3 3 0 0 1 3 3v28a3 3 0 0 1-3 3H18L3 22zM26 15l14 14M40 15L26 29" />
        </svg>
      </Button>
      <Button kind="key" class="wide" action={{ do: "key", key: "clear" }}>
        {t.account.clear}
      </Button>
    </div>
  );
}
