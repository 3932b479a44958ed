/** Ports of the devices at a terminal, and their drivers. */

export type { CardReader, ReaderChip, ReaderEvent, ReaderFailure, ReaderResult } from "./src/card-reader.ts";
export { type CcidLink, type CcidReaderOptions, ccidReader } from "./src/ccid/ccidReader.ts";
export { type DialectName, dialects } from "./src/dialect/dialects.ts";
export type { MemoryCardDialect } from "./src/dialect/memoryCardDialect.ts";
export { type EscposPrinterOptions, escposPrinter } from "./src/escposPrinter.ts";
export { serialScanner, tcpScanner } from "./src/lineScanner.ts";
export { jsonObject, objectOf } from "./src/lines/jsonObject.ts";
export type { LineListener } from "./src/lines/line.ts";
export type { PcscModule } from "./src/pcsc/pcscModule.ts";
export { type PcscReaderOptions, pcscReader } from "./src/pcsc/pcscReader.ts";
export type { CodeScanner, PaperState, PrintResult, ReceiptPrinter } from "./src/peripherals.ts";
export { type Psam, type PsamFailure, type PsamKey, parsePsamKey, psam } from "./src/psam.ts";
export {
  openReader,
  parseReader,
  type ReaderSetting,
  type ReaderWords,
  type ReaderWordsError,
} from "./src/readerSetting.ts";
export { virtualReader } from "./src/virtualReader.ts";
