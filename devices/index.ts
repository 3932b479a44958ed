/** Ports of the devices at a terminal, and their drivers. */

export type { CardReader, ReaderChip, ReaderEvent, ReaderFailure, ReaderResult } from "./src/card-reader.ts";
export { type CcidLink, type CcidLinkListener, type CcidReaderOptions, ccidReader } from "./src/ccid/ccidReader.ts";
export { type DialectName, dialectOf, dialects, isDialectName } from "./src/dialect/dialects.ts";
export type { MemoryCardDialect } from "./src/dialect/memoryCardDialect.ts";
export { type EscposPrinterOptions, escposPrinter } from "./src/escposPrinter.ts";
export { type PcscReaderOptions, pcscReader } from "./src/pcsc/pcscReader.ts";
export type { CodeScanner, PaperState, PrintResult, ReceiptPrinter } from "./src/peripherals.ts";
export { type SerialPortLike, type SerialScannerOptions, serialScanner } from "./src/serialScanner.ts";
export { tcpScanner } from "./src/tcpScanner.ts";
export { type VirtualReaderOptions, virtualReader } from "./src/virtualReader.ts";
