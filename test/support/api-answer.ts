import type { ServerResponse } from 'node:http';

/** What `filters` of a request allows, by what it filters. */
export type Filters = Readonly<Record<string, readonly string[] | undefined>>;

/** Reads `?filters=` as clients write it: a list of allowed values for each name. */
export function readFilters(query: URLSearchParams): Filters {
  const parse: (text: string) => Filters = JSON.parse;
  return parse(query.get('filters') ?? '{}');
}

/** Answers with JSON. */
export function respond(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
