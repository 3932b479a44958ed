/** A set of listeners for one kind of event. */
export interface Listeners<E> {
  add(listener: (event: E) => void): () => void;
  emit(event: E): void;
}

export function listeners<E>(): Listeners<E> {
  const all = new Set<(event: E) => void>();
  return {
    add: (listener) => {
      all.add(listener);
      return () => {
        all.delete(listener);
      };
    },
    emit: (event) => {
      for (const listener of [...all]) listener(event);
    },
  };
}
