import type { Place, Service } from './project.ts';

/**
 * Something that a person should know before `up`. An `error` keeps a member or everything from working, a `warning` is
 * something that does not do what was written; a `note` is nothing wrong.
 */
export interface Finding {
  readonly level: 'error' | 'warning' | 'note';
  readonly at: Place;
  readonly service: string | undefined;
  /** What is wrong and what to write instead, one line. */
  readonly message: string;
}

/** Where a label is written; where it is absent, the label that asks for a pool, else the service. */
export function placeOf(service: Service, label: string): Place {
  for (const name of [label, 'lb.pool', 'lb.backup']) {
    const written = service.labels.get(name);
    if (written !== undefined) return written.at;
  }
  return service.at;
}

/** By file and line, each once. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  const key = ({ at, level, service, message }: Finding): string =>
    [at.file, at.line, at.column, level, service, message].join(' ');
  const unique = new Map(findings.map((finding) => [key(finding), finding]));
  return [...unique.values()].sort(
    (one, other) =>
      compare(one.at.file, other.at.file) || one.at.line - other.at.line || one.at.column - other.at.column,
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
