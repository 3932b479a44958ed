import { type Static, Type } from "typebox";
import { PaperLineRow, PaperStateRow, ReceiptRow } from "../state/rows.ts";
import { KIOSKS } from "../world/context.ts";
import { type Api, type ApiContext, ByKiosk, Failure, KioskName } from "./context.ts";

const PrinterView = Type.Object({
  kiosk: KioskName,
  paper: PaperStateRow,
  /** Stands still with stuck paper, until paper is put in. */
  jammed: Type.Boolean(),
  /** Printed, not cut off yet. */
  hanging: Type.Array(PaperLineRow),
  /** Torn off, oldest first. */
  receipts: Type.Array(ReceiptRow),
});

export type PrinterView = Static<typeof PrinterView>;

export function printerRoutes(api: Api, { world }: ApiContext): void {
  const { printers } = world;

  api.get(
    "/printer/paper",
    {
      schema: {
        description: "The receipts of each kiosk as lines with their style, and as plain text.",
        response: { 200: Type.Object({ printers: Type.Array(PrinterView) }) },
      },
    },
    () => ({ printers: KIOSKS.map((kiosk) => printers.view(kiosk)) }),
  );

  const Paper = Type.Object(
    {
      state: PaperStateRow,
      /** With "low" or "full": the paper ends after so many more lines. */
      linesLeft: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    },
    { additionalProperties: false },
  );
  api.post(
    "/printer/:kiosk/paper",
    {
      schema: {
        description: "Puts paper in or takes it away. linesLeft: it ends after so many more lines.",
        params: ByKiosk,
        body: Paper,
        response: { 200: PrinterView, ...Failure },
      },
    },
    (request) => {
      const { kiosk } = request.params;
      printers.setPaper(kiosk, request.body.state, request.body.linesLeft ?? null);
      return printers.view(kiosk);
    },
  );
}
