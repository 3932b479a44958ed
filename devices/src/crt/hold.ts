/**
 * What a motorised reader must not give back yet: bytes that were written and not read again since. The intent counts, so a
 * write is noted before its command goes out. Pure.
 */
export interface Hold {
  wrote(offset: number, length: number): void;
  read(offset: number, length: number): void;
  /** True: something written was not read back. */
  readonly unproven: boolean;
  clear(): void;
}

export function hold(): Hold {
  const open = new Set<number>();
  const each = (offset: number, length: number, act: (at: number) => void): void => {
    for (let at = offset; at < offset + length; at++) act(at);
  };
  return {
    wrote: (offset, length) => each(offset, length, (at) => open.add(at)),
    read: (offset, length) => each(offset, length, (at) => open.delete(at)),
    get unproven() {
      return open.size > 0;
    },
    clear: () => open.clear(),
  };
}
