/**
 * Node 20 has no `Uint8Array.prototype.toHex` yet (ECMAScript 2026). The code under test uses it where it is, and else
 * puts the text together from pairs, which takes seven times as long and leaves a text in two hundred pieces: here it is
 * lent what Node's own buffers have.
 */
const { prototype } = Uint8Array as { prototype: { toHex?: () => string } };
const { hexSlice } = Buffer.prototype as unknown as { hexSlice: () => string };
prototype.toHex ??= function toHex(this: Uint8Array): string {
  return hexSlice.call(this);
};
