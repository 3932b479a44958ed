/** Layout drivers that are wrong in one way each, and the check of the kit that has to find it. */
import { get } from "../area.ts";
import type { LayoutDriver } from "../layout.ts";
import { openAVolume, openBVolume, openCVolume } from "../layouts.ts";
import { openB } from "../open/tables.ts";

export const tornRefund = "pulled at every point of a refund";
export const tornSale = "pulled at every point of a sale, and of the write that resumes it";

export const wrongLayouts: readonly [what: string, driver: LayoutDriver, breaks: string][] = [
  [
    "believes count and amount without asking the checksum",
    {
      ...openBVolume,
      purchaseArea(image) {
        const { count, amount } = openB.purchase.fields;
        if (image.length !== 256) return null;
        return { count: get(image, count) ?? 0, amount: get(image, amount) ?? 0, boughtOn: "2026-11-23", total: null };
      },
    },
    tornSale,
  ],
  [
    "calls a purchase consumed by its count alone",
    {
      ...openBVolume,
      consumed(image, purchase) {
        const meter = openBVolume.returnArea(image);
        return typeof meter === "object" && meter.count === purchase.countBefore + 1;
      },
    },
    "consumed only with the meter's total raised by the amount",
  ],
  [
    "knows a card only while its purchase area is whole",
    { ...openBVolume, identify: (image) => (openBVolume.purchaseArea(image) ? openBVolume.identify(image) : null) },
    "the identity stays what it was",
  ],
  [
    "adds to the total it finds on the card, so that a resumed write adds twice",
    {
      ...openAVolume,
      purchaseImage(before, purchase) {
        const found = openAVolume.purchaseArea(before)?.total ?? purchase.totalBefore;
        return openAVolume.purchaseImage(before, { ...purchase, totalBefore: found + 1_000 });
      },
    },
    "a purchase reads as it was written",
  ],
  [
    "is plain and says that it is cumulative",
    {
      ...openCVolume,
      cardClass: "A",
      refundImage: (before, purchase) => openCVolume.purchaseImage(before, purchase),
    },
    "a purchase reads as it was written",
  ],
  [
    "throws on an image cut short",
    {
      ...openBVolume,
      read(image) {
        if (image.length < 256) throw new Error("no card");
        return openBVolume.read(image);
      },
    },
    "whatever the bytes: no exception, and a named reason",
  ],
  [
    "forgets which secret the chip was given",
    {
      ...openAVolume,
      purchaseImage: (before, { keyVersion: _, ...purchase }) => openAVolume.purchaseImage(before, purchase),
    },
    "the number of a new secret stands on the card",
  ],
  [
    "takes a refund for a purchase of a litre",
    {
      ...openBVolume,
      cardClass: "B",
      meterAcceptsZero: true,
      refundImage: (before, purchase) =>
        openBVolume.purchaseImage(before, { ...purchase, amount: { kind: "volume", volumeL: 1 } }),
    },
    "pulled at every point of a refund",
  ],
  [
    "writes its own mark into the meter's area",
    {
      ...openBVolume,
      purchaseImage(before, purchase) {
        const image = openBVolume.purchaseImage(before, purchase);
        image[131] = 1;
        return image;
      },
    },
    "a sale writes its own areas and nothing else",
  ],
  [
    "names a commit field that leaves the count out",
    { ...openBVolume, areas: { ...openBVolume.areas, commit: { offset: 80, length: 1 } } },
    "areas lie apart and in order",
  ],
];
