/**
 * Master keys in a PKCS #11 device (an HSM). The masters never leave it: it enciphers the card's factor and its
 * complement, and the answer is that card's key, which exists here for one call (facts/cards.md §5).
 *
 * Triple DES is the standard's CKM_DES3_ECB. SM4 has no standard number: a device that has it says which of its own
 * mechanisms it is (`sm4Mechanism`); SoftHSM2 has none. In-device derivation is not used: the binding can't pass its
 * parameter.
 *
 * A session may be lost under our hands: the token was pulled, the device started anew, a network HSM was away. Then all is
 * opened anew from the library upwards and the call is made once more; fails that too, the call ends as `KeyDeviceLost`, and
 * the next one tries again. A PIN that was refused is not shown again: a device locks itself after a few of those.
 */
import type { KeyService } from "../context.ts";
import { cardKeys, masterSealer } from "./cardKeys.ts";
import type { CardSealer, KeyCipher, MasterKey } from "./masterKey.ts";
import { ck, lostSession, type Pkcs11, type Pkcs11Module, refusedPin } from "./pkcs11Module.ts";

export interface Pkcs11Settings {
  /** The device maker's library. */
  library: string;
  /** Label of the token. */
  token: string;
  pin: string;
  /** Label and cipher of the master behind the secrets of memory cards, and of the one behind commands to CPU cards. */
  secrets: { label: string; cipher: KeyCipher };
  sealing: { label: string; cipher: KeyCipher };
  /** The device's number for SM4 in ECB mode; null: it has none. */
  sm4Mechanism: number | null;
}

/** @param sealer in place of the device's own sealing master. @throws when the device, token or a key is not there. */
export function pkcs11Keys(binding: Pkcs11Module, settings: Pkcs11Settings, sealer?: CardSealer): KeyService {
  const device = openDevice(binding, settings);
  try {
    const secrets = device.master(settings.secrets);
    return cardKeys({
      secrets,
      sealers: [sealer ?? masterSealer(device.master(settings.sealing))],
      close: async () => device.close(),
    });
  } catch (error) {
    device.close();
    throw error;
  }
}

/** The device is away, and one try to open it anew did not bring it back. */
export class KeyDeviceLost extends Error {
  override name = "KeyDeviceLost";
}

interface Device {
  master(key: { label: string; cipher: KeyCipher }): MasterKey;
  close(): void;
}

/** The library with one session in it, logged in; the masters' handles as they were found in that session. */
interface Opened {
  pkcs11: Pkcs11;
  session: Buffer;
  keys: Map<string, Buffer>;
}

const keyBytes = 16;

function openDevice(binding: Pkcs11Module, settings: Pkcs11Settings): Device {
  let opened: Opened | null = open(binding, settings);
  let pinRefused = false;
  const close = (): void => {
    const was = opened;
    opened = null;
    if (was === null) return;
    // Of a session that is lost there may be nothing left to close.
    quietly(() => was.pkcs11.C_CloseSession(was.session));
    quietly(() => was.pkcs11.C_Finalize());
  };
  const reopened = (): Opened => {
    close();
    if (pinRefused) throw new KeyDeviceLost("the key device refused its PIN, which is not shown to it again");
    try {
      opened = open(binding, settings);
      return opened;
    } catch (error) {
      pinRefused = refusedPin(error);
      throw new KeyDeviceLost("the key device is lost", { cause: error });
    }
  };
  const encipher = async (
    { pkcs11, session, keys }: Opened,
    mechanism: number,
    label: string,
    plain: Buffer,
  ): Promise<Buffer> => {
    const key = keys.get(label) ?? findKey(pkcs11, session, label);
    keys.set(label, key);
    pkcs11.C_EncryptInit(session, { mechanism }, key);
    return await pkcs11.C_EncryptAsync(session, plain, Buffer.alloc(keyBytes));
  };
  const enciphered = async (mechanism: number, label: string, plain: Buffer): Promise<Buffer> => {
    const first = opened ?? reopened();
    try {
      return await encipher(first, mechanism, label, plain);
    } catch (error) {
      if (!lostSession(error)) throw error;
    }
    const second = reopened();
    try {
      return await encipher(second, mechanism, label, plain);
    } catch (error) {
      throw new KeyDeviceLost("the key device is lost again", { cause: error });
    }
  };
  /** A session does one thing at a time. */
  let turn: Promise<unknown> = Promise.resolve();
  return {
    master({ label, cipher }) {
      const mechanism = cipher === "tripleDes" ? ck.CKM_DES3_ECB : settings.sm4Mechanism;
      if (mechanism === null) throw new Error(`key ${label}: this device has no SM4 (set its mechanism's number)`);
      // A device without it is found out now and not at the first card.
      if (opened !== null) opened.keys.set(label, findKey(opened.pkcs11, opened.session, label));
      return {
        cipher,
        async diversify(factor) {
          const both = Buffer.from([...factor, ...factor.map((byte) => byte ^ 0xff)]);
          const made = turn.then(() => enciphered(mechanism, label, both));
          turn = made.catch(() => undefined);
          const cardKey = await made;
          if (cardKey.length !== keyBytes) throw new Error(`key ${label} made ${cardKey.length} bytes`);
          return cardKey;
        },
      };
    },
    close,
  };
}

function open(binding: Pkcs11Module, { library, token, pin }: Pkcs11Settings): Opened {
  const pkcs11 = new binding.PKCS11();
  pkcs11.load(library);
  pkcs11.C_Initialize();
  try {
    const slot = pkcs11.C_GetSlotList(true).find((each) => pkcs11.C_GetTokenInfo(each).label.trim() === token);
    if (slot === undefined) throw new Error(`no token "${token}" in the key device`);
    const session = pkcs11.C_OpenSession(slot, ck.CKF_SERIAL_SESSION);
    pkcs11.C_Login(session, ck.CKU_USER, pin);
    return { pkcs11, session, keys: new Map() };
  } catch (error) {
    pkcs11.C_Finalize();
    throw error;
  }
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // It was closed already.
  }
}

/** Exactly one: with two of a label nobody could say which one the cards were made with. */
function findKey(pkcs11: Pkcs11, session: Buffer, label: string): Buffer {
  pkcs11.C_FindObjectsInit(session, [
    { type: ck.CKA_CLASS, value: ck.CKO_SECRET_KEY },
    { type: ck.CKA_LABEL, value: label },
  ]);
  const found = pkcs11.C_FindObjects(session, 2);
  pkcs11.C_FindObjectsFinal(session);
  const [key, second] = found;
  if (key === undefined || second !== undefined)
    throw new Error(`${key === undefined ? "no key" : "two keys"} "${label}" in the key device`);
  return key;
}
