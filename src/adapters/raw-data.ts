/** JSON or YAML that nobody has looked at yet: what is not what was expected is taken for nothing. */
export type Data = Readonly<Record<string, unknown>>;

export function isRecord(data: unknown): data is Data {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

/** Empty where it is no list. */
export function toList(data: unknown): readonly unknown[] {
  return Array.isArray(data) ? data : [];
}
