/**
 * Master keys in a PKCS #11 device (an HSM). The masters never leave it: it enciphers the card's factor and its
 * complement, and the answer is that card's key, which exists here for one call (facts/cards.md §5).
 *
 * Triple DES is the standard's CKM_DES3_ECB. SM4 has no standard number: a device that has it says which of its own
 * mechanisms it is (`sm4Mechanism`); SoftHSM2 has none. In-device derivation is not used: the binding can't pass its
 * parameter.
 */
import type { KeyService } from "../context.ts";
import { cardKeys, masterSealer } from "./cardKeys.ts";
import type { CardSealer, KeyCipher, MasterKey } from "./masterKey.ts";
import { ck, type Pkcs11, type Pkcs11Module } from "./pkcs11Module.ts";

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
      sealer: sealer ?? masterSealer(device.master(settings.sealing)),
      close: async () => device.close(),
    });
  } catch (error) {
    device.close();
    throw error;
  }
}

interface Device {
  master(key: { label: string; cipher: KeyCipher }): MasterKey;
  close(): void;
}

const keyBytes = 16;

function openDevice(binding: Pkcs11Module, { library, token, pin, sm4Mechanism }: Pkcs11Settings): Device {
  const pkcs11 = new binding.PKCS11();
  pkcs11.load(library);
  pkcs11.C_Initialize();
  let session: Buffer;
  try {
    session = openSession(pkcs11, token, pin);
  } catch (error) {
    pkcs11.C_Finalize();
    throw error;
  }
  /** A session does one thing at a time. */
  let turn: Promise<unknown> = Promise.resolve();
  const encipher = async (mechanism: number, key: Buffer, plain: Buffer): Promise<Buffer> => {
    pkcs11.C_EncryptInit(session, { mechanism }, key);
    return await pkcs11.C_EncryptAsync(session, plain, Buffer.alloc(keyBytes));
  };
  return {
    master({ label, cipher }) {
      const mechanism = cipher === "tripleDes" ? ck.CKM_DES3_ECB : sm4Mechanism;
      if (mechanism === null) throw new Error(`key ${label}: this device has no SM4 (set its mechanism's number)`);
      const key = findKey(pkcs11, session, label);
      return {
        cipher,
        async diversify(factor) {
          const both = Buffer.from([...factor, ...factor.map((byte) => byte ^ 0xff)]);
          const made = turn.then(() => encipher(mechanism, key, both));
          turn = made.catch(() => undefined);
          const cardKey = await made;
          if (cardKey.length !== keyBytes) throw new Error(`key ${label} made ${cardKey.length} bytes`);
          return cardKey;
        },
      };
    },
    close() {
      pkcs11.C_CloseSession(session);
      pkcs11.C_Finalize();
    },
  };
}

function openSession(pkcs11: Pkcs11, token: string, pin: string): Buffer {
  const slot = pkcs11.C_GetSlotList(true).find((each) => pkcs11.C_GetTokenInfo(each).label.trim() === token);
  if (slot === undefined) throw new Error(`no token "${token}" in the key device`);
  const session = pkcs11.C_OpenSession(slot, ck.CKF_SERIAL_SESSION);
  pkcs11.C_Login(session, ck.CKU_USER, pin);
  return session;
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
