import { useState } from "preact/hooks";
import type { CardView } from "./api.ts";
import type { Bench } from "./use-table.ts";
import { Words } from "./words.tsx";

/**
 * 补卡 at the workbench: the issuing desk's encoder. What it writes is made at the office, and is pasted here as it was
 * answered.
 */
export function NewCard({ card, bench }: { card: CardView; bench: Bench }) {
  const [open, setOpen] = useState(false);
  const [pasted, setPasted] = useState("");
  const write = async (event: Event): Promise<void> => {
    event.preventDefault();
    const issue = issueOf(pasted);
    if (issue === null) {
      bench.say({ zh: "请整段粘贴营业厅的写卡数据", en: "Paste the office's whole answer", bad: true });
      return;
    }
    const sent = await bench.act<CardView>(`/cards/${card.id}/new-card`, issue);
    if (!sent.ok) return;
    setOpen(false);
    setPasted("");
    bench.say({ zh: `写好了：${sent.value.label}，在卡盘最后`, en: "Written: the last card in the tray", bad: false });
  };
  return (
    <>
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Words zh="补写新卡" en="New card" />
      </button>
      {open && (
        <form class="new-card" onSubmit={(event) => void write(event)}>
          <label>
            <Words zh="营业厅的写卡数据" en="From the office" />
            <textarea
              rows={2}
              spellcheck={false}
              value={pasted}
              placeholder="粘贴 GET /api/v1/cards/…/image 的回答"
              onInput={(event) => setPasted(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="main" disabled={pasted.trim() === ""}>
            <Words zh="写卡" en="Write" />
          </button>
        </form>
      )}
    </>
  );
}

/** null: nothing that a chip could be written with. */
function issueOf(pasted: string): { imageHex: string; secretHex: string | null } | null {
  let said: unknown;
  try {
    said = JSON.parse(pasted);
  } catch {
    return null;
  }
  if (typeof said !== "object" || said === null || !("imageHex" in said) || !("secretHex" in said)) return null;
  const { imageHex, secretHex } = said;
  if (typeof imageHex !== "string" || (typeof secretHex !== "string" && secretHex !== null)) return null;
  return { imageHex, secretHex };
}
