import type { ComponentChildren, JSX } from "preact";

/** A text whose `{name}` places hold elements, so that a value can stand larger within its sentence. */
export function Filled({
  text,
  values,
}: {
  text: string;
  values: Readonly<Record<string, ComponentChildren>>;
}): JSX.Element {
  const parts = text.split(/(\{\w+\})/);
  return <>{parts.map((part) => (/^\{\w+\}$/.test(part) ? values[part.slice(1, -1)] : part))}</>;
}
