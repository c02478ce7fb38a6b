/** A metric of Prometheus' text format. */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Those of its series, sorted; without a histogram's own. */
  readonly labels: readonly string[];
}

/** The series of a text in Prometheus' format, by name and labels as they are written. Throws where a line is none. */
export function readSeries(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, series = '', value = ''] = /^([a-z_]+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      if (series === '' || Number.isNaN(Number(value))) throw new Error(`no series: ${line}`);
      return [series, Number(value)];
    }),
  );
}

/** The metrics of such a text, in their order. */
export function readFamilies(text: string): readonly Family[] {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  return [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = '', help = '']) => {
    const series = [...text.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `, 'gm'))];
    const labels = series.flatMap(([, pairs = '']) => [...pairs.matchAll(/(\w+)="/g)].map(([, label = '']) => label));
    const own = [...new Set(labels)].filter((label) => label !== 'le');
    return { name, type: types.get(name) ?? '', help, labels: own.sort() };
  });
}
