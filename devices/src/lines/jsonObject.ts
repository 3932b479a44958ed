/** A line of a wire that speaks JSON: the object it says, its fields still unknown; null for anything else. */
export const jsonObject = (line: string): Record<string, unknown> | null => {
  try {
    return objectOf(JSON.parse(line));
  } catch {
    return null;
  }
};

/** The value as an object of unknown fields; null: it is none. */
export function objectOf(value: unknown): Record<string, unknown> | null {
  // A JSON object is a record of unknowns; the check is the one that makes the narrowing true.
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
