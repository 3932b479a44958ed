/**
 * Puts values into a text: `fill("请在 {seconds} 秒内", { seconds: 60 })`. A placeholder without a value is a broken
 * text, so it throws; a value that the text does not use is fine (a language may leave it out).
 */
export function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`text "${template}" lacks a value for {${name}}`);
    return String(value);
  });
}
