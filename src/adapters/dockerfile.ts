import { readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';

import type { ExposedPort } from '../core/model.ts';
import type { ImageFacts, Service } from '../stack/project.ts';

/** What the Dockerfile of a service says of its image; undefined where there is none to read. */
export async function readDockerfile({
  buildContext,
  dockerfile,
  buildTarget,
}: Service): Promise<ImageFacts | undefined> {
  if (buildContext === undefined) return undefined;
  try {
    const path = isAbsolute(dockerfile) ? dockerfile : join(buildContext, dockerfile);
    return parseDockerfile(await readFile(path, 'utf8'), buildContext, buildTarget);
  } catch {
    // A context that is a URL, or a Dockerfile that is made later: nothing is known of the image.
    return undefined;
  }
}

/**
 * Reads EXPOSE, HEALTHCHECK, ENV and COPY of one stage and those it is built from (Dockerfile reference).
 *
 * @param target the stage's name; undefined: the last one
 */
function parseDockerfile(text: string, context: string, target: string | undefined): ImageFacts {
  const stages = new Map<string, Stage>();
  let stage: Stage = { ...nothing, base: undefined };
  let name = '';
  for (const line of joinLines(text)) {
    const [, word = '', rest = ''] = /^\s*([A-Za-z]+)\s+(.*)$/.exec(line) ?? [];
    const instruction = word.toUpperCase();
    if (instruction === 'FROM') {
      if (target !== undefined && name === target) break;
      const [base = '', as] = rest.replace(/^--\S+\s+/, '').split(/\s+as\s+/i);
      name = as?.trim() ?? '';
      const from = resolveArguments(base.trim(), text);
      stage = stages.get(from) ?? { ...nothing, base: from };
    } else stage = advance(stage, instruction, rest.trim(), context);
    if (name !== '') stages.set(name, stage);
  }
  return { ...stage, isWhole: false };
}

type Stage = Omit<ImageFacts, 'isWhole'>;

const nothing = { exposedPorts: [], hasHealthcheck: false, environment: {}, copies: [] } as const;

function advance(stage: Stage, instruction: string, rest: string, context: string): Stage {
  switch (instruction) {
    case 'EXPOSE':
      return { ...stage, exposedPorts: [...stage.exposedPorts, ...rest.split(/\s+/).flatMap(readPort)] };
    case 'HEALTHCHECK':
      return { ...stage, hasHealthcheck: !/^NONE$/i.test(rest) };
    case 'ENV':
      return { ...stage, environment: { ...stage.environment, ...readEnvironment(rest) } };
    case 'COPY':
    case 'ADD':
      return { ...stage, copies: [...stage.copies, ...readCopies(rest, context)] };
    default:
      return stage;
  }
}

/** `NAME=value NAME="value"`, and the old form `NAME value`. */
function readEnvironment(rest: string): Readonly<Record<string, string>> {
  const pairs = [...rest.matchAll(/(?:^|\s)([A-Za-z_][A-Za-z0-9_]*)=(?:"([^"]*)"|(\S*))/g)];
  const found: Record<string, string> = {};
  for (const [, name = '', quoted, plain = ''] of pairs) found[name] = quoted ?? plain;
  const [, name, value = ''] = /^([A-Za-z_][A-Za-z0-9_]*)\s+(.*)$/.exec(rest) ?? [];
  if (pairs.length === 0 && name !== undefined) found[name] = value;
  return Object.fromEntries(Object.entries(found).filter(([key]) => key === 'PORT' || key.startsWith('LBWATCH_')));
}

function readPort(word: string): readonly ExposedPort[] {
  const [, port, protocol = 'tcp'] = /^([0-9]+)(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? [];
  const kind = protocol.toLowerCase();
  return port !== undefined && (kind === 'tcp' || kind === 'udp' || kind === 'sctp')
    ? [{ port: Number(port), protocol: kind }]
    : [];
}

/** Files of the context, each with where it comes to lie; what comes from another stage is none of this machine's. */
function readCopies(rest: string, context: string): readonly { readonly source: string; readonly target: string }[] {
  if (/(?:^|\s)--from=/.test(rest)) return [];
  const plain = rest.replace(/^(?:--\S+\s+)+/, '');
  const words = plain.startsWith('[')
    ? [...plain.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? '')
    : plain.split(/\s+/);
  const target = words.at(-1) ?? '';
  const sources = words.slice(0, -1).filter((word) => !/[*?$]|:\/\//.test(word));
  return sources.map((source) => {
    const isIntoFolder =
      target.endsWith('/') && !/\.conf$/.test(target) && /[^/.]$/.test(source) && source.includes('.');
    const name = isIntoFolder ? `${target}${source.split('/').at(-1) ?? ''}` : target;
    return { source: normalize(join(context, source)), target: normalize(name) };
  });
}

/** `${NGINX_IMAGE}` by the default of its ARG. */
function resolveArguments(image: string, text: string): string {
  return image.replace(/\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?/g, (whole, name: string) => {
    return new RegExp(`^\\s*ARG\\s+${name}=(\\S+)`, 'im').exec(text)?.[1] ?? whole;
  });
}

function joinLines(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\\[ \t]*\n/g, ' ')
    .split('\n');
}
