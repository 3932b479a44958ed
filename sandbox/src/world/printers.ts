import { EscPosPrinter } from "../printer/escpos-printer.ts";
import type { PaperLine, PaperState, Receipt } from "../printer/paper.ts";
import { KIOSKS, type KioskId, type WorldContext } from "./context.ts";
import type { DeviceFaults } from "./device-faults.ts";

export interface PaperView {
  kiosk: KioskId;
  paper: PaperState;
  /** Stands still with stuck paper, until paper is put in. */
  jammed: boolean;
  /** Printed but not cut off yet. */
  hanging: PaperLine[];
  /** Torn off, oldest first; the last 40. */
  receipts: Receipt[];
}

export interface Printers {
  printer(kiosk: KioskId): EscPosPrinter;
  view(kiosk: KioskId): PaperView;
  setPaper(kiosk: KioskId, paper: PaperState, linesLeft: number | null): void;
  /** Where a printer's answers go. */
  connect(kiosk: KioskId, send: (bytes: Uint8Array) => void): void;
}

const JAM_AFTER_LINES = 3;

/** The receipt printers and the paper that came out of them. What a printer had not printed is lost with its power. */
export function openPrinters(context: WorldContext, faults: DeviceFaults): Printers {
  const { book, story, changed, now } = context;
  const senders = new Map<KioskId, (bytes: Uint8Array) => void>();

  function cut(kiosk: KioskId): void {
    const row = book.printers.get(kiosk);
    if (row === undefined || row.hanging.length === 0) return;
    book.commit({ cut: [{ kiosk, number: row.receiptsEver + 1, tornAt: new Date(now()).toISOString() }] });
    changed("printer");
    story.tell("printer", kiosk, "收据已切下", "Receipt cut off");
  }

  function jam(kiosk: KioskId): void {
    printer(kiosk).jam();
    changed("printer");
    story.tell("printer", kiosk, "打印中卡纸", "Paper jam in the middle of a print");
  }

  function make(kiosk: KioskId): EscPosPrinter {
    const output = {
      answer: (bytes: Uint8Array) => {
        if (!faults.take("printerSilent")) senders.get(kiosk)?.(bytes);
      },
      line: (line: PaperLine) => {
        book.commit({ printed: [{ kiosk, line }] });
        changed("printer");
        const isWithin = (book.printers.get(kiosk)?.hanging.length ?? 0) >= JAM_AFTER_LINES;
        if (isWithin && faults.take("printerJam")) jam(kiosk);
      },
      cut: () => cut(kiosk),
      ranOut: () => {
        book.commit({ paper: [{ kiosk, paper: "out" }] });
        changed("printer");
        story.tell("printer", kiosk, "打印中缺纸", "Out of paper in the middle of a print");
      },
      note: (text: string) => story.tell("printer", kiosk, `打印机：${text}`, `Printer: ${text}`),
    };
    return new EscPosPrinter(output, book.printers.get(kiosk)?.paper ?? "full");
  }

  const printers = new Map(KIOSKS.map((kiosk) => [kiosk, make(kiosk)]));

  function printer(kiosk: KioskId): EscPosPrinter {
    const found = printers.get(kiosk);
    if (found === undefined) throw new Error(`no printer ${kiosk}`);
    return found;
  }

  return {
    printer,
    connect: (kiosk, send) => void senders.set(kiosk, send),
    view(kiosk) {
      const row = book.printers.get(kiosk);
      const hanging = row?.hanging ?? [];
      const { paper, jammed } = printer(kiosk);
      return { kiosk, paper, jammed, hanging, receipts: row?.receipts ?? [] };
    },
    setPaper(kiosk, paper, linesLeft) {
      book.commit({ paper: [{ kiosk, paper }] });
      const words = { full: "换上新纸", low: "纸将尽", out: "缺纸" } as const;
      story.tell("printer", kiosk, `${words[paper]}`, `Paper: ${paper}`);
      printer(kiosk).setPaper(paper, linesLeft);
      changed("printer");
    },
  };
}
