/** Plays a clip with the browser's audio element. */
export function playClip(file: string, volume: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const audio = new Audio(import.meta.env.BASE_URL + file);
    audio.volume = volume;
    const stop = (): void => {
      audio.pause();
      resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
    audio.onended = () => {
      signal.removeEventListener("abort", stop);
      resolve();
    };
    audio.onerror = () => reject(new Error(`clip ${file} does not play`));
    audio.play().catch(reject);
  });
}
