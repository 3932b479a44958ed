/** Names and addresses on a screen that anyone may see (I10): the last character of the name and of the room. */

/** 张三 → *三, 欧阳小明 → ***明. One character alone is hidden whole. */
export function maskName(name: string): string {
  const characters = [...name.trim()];
  if (characters.length < 2) return "*".repeat(characters.length);
  return "*".repeat(characters.length - 1) + characters.at(-1);
}

/** Latin letters and digits, ASCII and full-width, and the numerals that stand in Chinese house numbers. */
const sign = "[\\p{Script=Latin}\\p{Nd}〇一二三四五六七八九十百千甲乙丙丁]";
const telling = new RegExp(sign, "gu");
const lastTelling = new RegExp(`^(.*)(${sign})(.*)$`, "su");

const hide = (text: string): string => text.replace(telling, "*");

/**
 * 秦淮人家6号楼3单元501室 → 秦淮人家*号楼*单元**1室: every number is hidden, of the room its last sign stays. A number
 * in the community's own name is hidden with the others: too much hidden harms nobody.
 */
export function maskAddress(address: string, room: string): string {
  const at = room === "" ? -1 : address.lastIndexOf(room);
  if (at < 0) return hide(address);
  return hide(address.slice(0, at)) + maskRoom(room) + hide(address.slice(at + room.length));
}

function maskRoom(room: string): string {
  const [, before, last, after] = lastTelling.exec(room) ?? [];
  return before === undefined ? maskName(room) : `${hide(before)}${last}${after}`;
}

/** 031140086 → 031****86: enough to know one's own, too little to enter where it is asked for. */
export function maskAccountNumber(number: string): string {
  const head = number.length > 6 ? 3 : 0;
  const tail = Math.min(2, number.length - 1);
  return number.slice(0, head) + "*".repeat(number.length - head - tail) + number.slice(number.length - tail);
}
