import { execa } from 'execa';
import * as z from 'zod';

import type { ImageFacts } from '../stack/project.ts';

const patienceMs = 5000;

/** Of `docker image inspect` (Engine API, ImageInspect). */
const schema = z
  .array(
    z.object({
      Config: z.object({
        ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
        Healthcheck: z.object({ Test: z.array(z.string()).nullish() }).nullish(),
        Env: z.array(z.string()).nullish(),
      }),
    }),
  )
  .nonempty();

/** What an image says that the engine has already; undefined where there is no engine, or it does not have the image. */
export async function inspectLocalImage(image: string): Promise<ImageFacts | undefined> {
  const words = ['image', 'inspect', '--', image];
  const { failed, stdout } = await execa('docker', words, { reject: false, stdin: 'ignore', timeout: patienceMs });
  if (failed) return undefined;
  const parse: (text: string) => unknown = JSON.parse;
  const parsed = schema.safeParse(parse(stdout));
  const config = parsed.data?.[0]?.Config;
  if (config === undefined) return undefined;
  const test = config.Healthcheck?.Test?.[0];
  return {
    exposedPorts: Object.keys(config.ExposedPorts ?? {}).flatMap((key) => {
      const [, port, protocol = 'tcp'] = /^([0-9]+)(?:\/(tcp|udp|sctp))?$/.exec(key) ?? [];
      return port !== undefined && (protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp')
        ? [{ port: Number(port), protocol }]
        : [];
    }),
    hasHealthcheck: test !== undefined && test !== 'NONE',
    environment: Object.fromEntries(
      (config.Env ?? [])
        .filter((entry) => /^(?:PORT|LBWATCH_\w+)=/.test(entry))
        .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const),
    ),
    copies: [],
    base: undefined,
    isWhole: true,
  };
}
