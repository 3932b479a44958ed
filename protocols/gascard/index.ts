export type { Area, ByteRange, Field } from "./src/area.ts";
export { checksumOf, get, isSealed, put, seal } from "./src/area.ts";
export type { Chip, ChipSecret, ChipWrite, ChipZone } from "./src/chips/chip.ts";
export { chipOfAtr, chips, counterLeft, secretState } from "./src/chips/chips.ts";
export {
  type CpuApplication,
  type CpuFile,
  type CpuStatus,
  cpuCommands,
  cpuStatus,
  macInput,
  proofChallengeBytes,
  type SealedUpdate,
  sealedUpdate,
  withMac,
} from "./src/chips/cpu-card.ts";
export { type CpuCipher, cpuCryptogram, cpuMac, diversifiedKey, macBlocks } from "./src/chips/cpu-mac.ts";
export { sle4442 } from "./src/chips/sle4442.ts";
export {
  type ClassRules,
  classRules,
  mayFinishAt,
  mayWriteAt,
  type Reader,
  type RefundProof,
  refundProof,
} from "./src/class-rules.ts";
export { classify } from "./src/classify.ts";
export { bcdDate, type Codec, code, constant, digits, i32le, reserved, u8, u16be, u32le } from "./src/codec.ts";
export { crc16 } from "./src/crc16.ts";
export { type DllCard, type DllClaim, type DllProblem, dllCard, dllClaim, dllProblem } from "./src/dll/dllFields.ts";
export {
  type DllMaker,
  type DllSale,
  dllDriver,
  dllImage,
  dllSale,
  dllTool,
  dllUndecided,
} from "./src/dll/dllLayout.ts";
export { fromHex, sameBytes, toHex } from "./src/hex.ts";
export { unclaimedImage } from "./src/images.ts";
export type * from "./src/layout.ts";
export {
  type Identified,
  identifyImage,
  layoutByName,
  layouts,
  openAMoney,
  openAVolume,
  openBCpuMoney,
  openBCpuVolume,
  openBMoney,
  openBSm4Money,
  openBSm4Volume,
  openBVolume,
  openCMoney,
  openCVolume,
  withReturnArea,
} from "./src/layouts.ts";
export { plannedWrites, planSteps, probeSteps, proofOf, resumeImages, sealOfStep } from "./src/plan.ts";
export { type DecodedReport, decodeReport } from "./src/report.ts";
export {
  type CardScript,
  type ChipKind,
  changingSteps,
  type Hex,
  type ScriptPurpose,
  type ScriptReport,
  type ScriptStep,
  type StepFailure,
  type StepResult,
  type Unsealed,
} from "./src/script.ts";
