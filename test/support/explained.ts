import * as z from 'zod';

import type { Compose } from './compose.ts';

const rowSchema = z.strictObject({
  container: z.string(),
  /** Absent where there is one engine. */
  node: z.string().optional(),
  pool: z.string().nullable(),
  /** Absent where it is http. */
  protocol: z.enum(['tcp', 'udp']).optional(),
  role: z.enum(['primary', 'backup']).nullable(),
  state: z.enum(['in', 'waiting', 'out']),
  address: z.string().nullable(),
  reason: z.string(),
});

/** A row of `lbwatch explain --json`. */
export type Explained = z.infer<typeof rowSchema>;

/** Asks the stack's own controller about its containers. */
export async function explain(compose: Compose): Promise<readonly Explained[]> {
  return z.array(rowSchema).parse(JSON.parse(await compose.exec('lbwatch', 'lbwatch', 'explain', '--json')));
}
