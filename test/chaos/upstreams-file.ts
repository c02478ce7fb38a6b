/** A server of an upstream block: its address, and what stands behind it. */
export interface Server {
  readonly address: string;
  readonly options: readonly string[];
}

/**
 * Reads the upstream blocks of a generated file, whose shape is known: a line for each directive. Undefined for a pool that
 * has none; what stands in for members where there are none is not among them. Pure.
 */
export function readServers(text: string, pool: string): readonly Server[] | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const from = lines.indexOf(`upstream ${pool} {`);
  if (from < 0) return undefined;
  const block = lines.slice(from + 1, lines.indexOf('}', from));
  return block
    .filter((line) => line.startsWith('server '))
    .map((line) => line.replace(/;.*$/, '').split(/\s+/).slice(1))
    .map(([address = '', ...options]) => ({ address, options }))
    .filter(({ address }) => !address.startsWith('127.0.0.1:'));
}
