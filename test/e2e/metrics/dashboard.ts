import * as z from 'zod';

const panelSchema = z.object({
  title: z.string(),
  targets: z.array(z.object({ expr: z.string() })).default([]),
});
const dashboardSchema = z.object({
  panels: z.array(panelSchema),
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.unknown() })) }),
  annotations: z.object({ list: z.array(z.object({ name: z.string(), expr: z.string() })) }),
});
const variableSchema = z.object({ query: z.string() });

/** An expression of a dashboard, and whose it is. */
export interface Expression {
  readonly of: string;
  readonly text: string;
}

/** Every expression of a Grafana dashboard, with its variables as they are when somebody opens it. */
export function readExpressions(json: string): readonly Expression[] {
  const { panels, templating, annotations } = dashboardSchema.parse(JSON.parse(json));
  const written = [
    ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ of: title, text: expr }))),
    ...annotations.list.map(({ name, expr }) => ({ of: name, text: expr })),
    ...templating.list.flatMap(({ name, query }) => {
      const parsed = variableSchema.safeParse(query);
      // Grafana's own function: the values of a label of some series.
      const series = parsed.success ? /^label_values\((.*), \w+\)$/.exec(parsed.data.query)?.[1] : undefined;
      return series === undefined ? [] : [{ of: `variable ${name}`, text: series }];
    }),
  ];
  return written.map(({ of, text }) => ({ of, text: fillIn(text) }));
}

/** The metrics that an expression names. */
export function readMetricNames(expression: string): readonly string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\b(?:by|on) \([^)]*\)/g, '');
  return [...bare.matchAll(/\b(?:lbwatch|process|nodejs)_[a-z_]+\b|\bup\b/g)].map(([name]) => name);
}

function fillIn(text: string): string {
  const filled = text
    .replaceAll('$__rate_interval', '20s')
    .replaceAll('$job', 'lbwatch')
    .replaceAll(/\$(?:instance|pool)/g, '.*');
  const left = /\$\w+/.exec(filled)?.[0];
  if (left !== undefined) throw new Error(`${left} is no variable of the dashboard: ${text}`);
  return filled;
}
