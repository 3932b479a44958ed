/**
 * What is used of `pkcs11js`. It needs a compiler, so it is no dependency: whoever has a key device installs it beside
 * (`npm install --no-save pkcs11js@2.1.7`), and only a server that is told to use it loads it.
 */
export interface Pkcs11 {
  load(path: string): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): Buffer[];
  C_GetTokenInfo(slot: Buffer): { label: string };
  C_OpenSession(slot: Buffer, flags: number): Buffer;
  C_CloseSession(session: Buffer): void;
  C_Login(session: Buffer, userType: number, pin: string): void;
  C_FindObjectsInit(session: Buffer, template: { type: number; value: string | number | boolean }[]): void;
  C_FindObjects(session: Buffer, most: number): Buffer[];
  C_FindObjectsFinal(session: Buffer): void;
  C_EncryptInit(session: Buffer, mechanism: { mechanism: number }, key: Buffer): void;
  C_EncryptAsync(session: Buffer, plain: Buffer, sealed: Buffer): Promise<Buffer>;
}
export interface Pkcs11Module {
  PKCS11: new () => Pkcs11;
}

/** Of PKCS #11 v2.40, as the standard numbers them. */
export const ck = {
  CKF_SERIAL_SESSION: 0x04,
  CKU_USER: 1,
  CKA_CLASS: 0x00,
  CKA_LABEL: 0x03,
  CKO_SECRET_KEY: 0x04,
  CKM_DES3_ECB: 0x132,
} as const;

/** What a call answers whose session, token or device is not there any more (CKR_…, by the standard's names). */
const lostNames = [
  "CKR_DEVICE_ERROR",
  "CKR_DEVICE_REMOVED",
  "CKR_SESSION_CLOSED",
  "CKR_SESSION_HANDLE_INVALID",
  "CKR_TOKEN_NOT_PRESENT",
  "CKR_TOKEN_NOT_RECOGNIZED",
  "CKR_USER_NOT_LOGGED_IN",
  "CKR_KEY_HANDLE_INVALID",
  "CKR_OBJECT_HANDLE_INVALID",
  "CKR_CRYPTOKI_NOT_INITIALIZED",
];
const pinNames = ["CKR_PIN_INCORRECT", "CKR_PIN_EXPIRED", "CKR_PIN_LOCKED"];

/** Would the same call have a chance in a session opened anew? Any other error is an answer, and stays one. */
export const lostSession = (error: unknown): boolean => names(error, lostNames);
export const refusedPin = (error: unknown): boolean => names(error, pinNames);

/** The binding names the standard's return value in its message. */
function names(error: unknown, of: readonly string[]): boolean {
  const named = error instanceof Error ? /\bCKR_\w+/.exec(error.message)?.[0] : undefined;
  return named !== undefined && of.includes(named);
}

/** @param where the module's folder; null: as installed beside this program. @throws where it is not there. */
export async function loadPkcs11(where: string | null): Promise<Pkcs11Module> {
  // Not named in the import, so that nothing tries to find its types where it is not installed.
  const name: string = where === null ? "pkcs11js" : `${where}/index.js`;
  const loaded = (await import(name)) as { default?: Pkcs11Module } & Partial<Pkcs11Module>;
  const found = loaded.PKCS11 === undefined ? loaded.default : { PKCS11: loaded.PKCS11 };
  if (found === undefined) throw new Error(`${name} is no PKCS #11 binding`);
  return found;
}
