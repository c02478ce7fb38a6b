import { overrideMark, resetMark } from './compose-yaml.ts';

/** A map of a Compose file as plain data. */
export type Data = Readonly<Record<string, unknown>>;

/** Maps of a service that may be written as lists of `name=value`. */
const maps = new Set(['labels', 'environment', 'networks']);

/** Lists of a service that several files add to. */
const lists = new Set(['expose', 'ports', 'volumes']);

/**
 * Lays one Compose file's data over another's (Compose specification, "Merge"): maps are merged, some lists are added to,
 * all else is replaced.
 */
export function mergeData(base: unknown, over: unknown, key = ''): unknown {
  if (over === resetMark) return undefined;
  if (isRecord(over) && overrideMark in over) return over[overrideMark];
  if (over === undefined) return base;
  if (maps.has(key)) return { ...toMap(base), ...toMap(over) };
  if (lists.has(key) && Array.isArray(over)) return [...toList(base), ...toList(over)];
  if (!isRecord(base) || !isRecord(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over)) merged[name] = mergeData(base[name], value, name);
  return merged;
}

/** `{ a: 1 }`, `['a=1', 'b']` → entries; a name alone has null. */
export function toMap(data: unknown): Data {
  if (isRecord(data)) return data;
  const entries = toList(data).map((item): readonly [string, unknown] => {
    const text = String(item);
    const at = text.indexOf('=');
    return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
  });
  return Object.fromEntries(entries);
}

export function toList(data: unknown): readonly unknown[] {
  return Array.isArray(data) ? data : [];
}

export function isRecord(data: unknown): data is Data {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

/** Every text in the data, changed; keys stay. */
export function mapTexts(data: unknown, change: (text: string) => string): unknown {
  if (typeof data === 'string') return change(data);
  if (Array.isArray(data)) return data.map((item) => mapTexts(item, change));
  if (!isRecord(data)) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, mapTexts(value, change)]));
}
