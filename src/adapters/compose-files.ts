import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { codeOf } from '../core/error-words.ts';
import { BadInterpolation, interpolate } from '../stack/interpolate.ts';
import { isRecord, mapTexts, mergeData, toList } from './compose-merge.ts';
import type { Data } from './compose-merge.ts';
import { BadComposeFile, YamlFile } from './compose-yaml.ts';
import type { Found } from './compose-yaml.ts';
import { describeFileError } from './write-atomic.ts';

/** How texts get here: the file system, or what a test or a plan puts in its place. */
export type ReadText = (path: string) => Promise<string>;

/** The Compose files of a project as they are written, and those that they refer to. */
export class ComposeFiles {
  /** In the order of precedence, the last one above all; included ones first. */
  readonly files: readonly YamlFile[];
  readonly #byPath: ReadonlyMap<string, YamlFile>;

  private constructor(files: readonly YamlFile[], byPath: ReadonlyMap<string, YamlFile>) {
    this.files = files;
    this.#byPath = byPath;
  }

  /** Throws {@link BadComposeFile} where one cannot be read. */
  static async read(paths: readonly string[], readText: ReadText = readFromDisk): Promise<ComposeFiles> {
    const byPath = new Map<string, YamlFile>();
    const load = async (path: string, from: string | undefined): Promise<readonly YamlFile[]> => {
      if (byPath.has(path)) return [];
      const file = new YamlFile(path, await readOrSay(path, from, readText));
      byPath.set(path, file);
      const data = file.toData();
      if (data !== null && data !== undefined && !isRecord(data)) {
        throw new BadComposeFile(`${path}:1:1: this is no Compose file: it has no "services:" at its top`);
      }
      const included: YamlFile[] = [];
      for (const other of listIncludes(data)) included.push(...(await load(resolve(dirname(path), other), path)));
      for (const other of listExtendedFiles(data)) await load(resolve(dirname(path), other), path);
      return [...included, file];
    };
    const files: YamlFile[] = [];
    for (const path of paths) files.push(...(await load(path, undefined)));
    return new ComposeFiles(files, byPath);
  }

  /** All of them as one, with variables put in and `extends` followed. Throws {@link BadComposeFile}. */
  merge(variables: Readonly<Record<string, string | undefined>>): Data {
    let merged: unknown = {};
    for (const file of this.files) merged = mergeData(merged, this.#readData(file, variables));
    return isRecord(merged) ? merged : {};
  }

  /**
   * Where something of a service is written: in the last file that says it, or in what the service extends. The service
   * itself: in the first file that has it, where most of it stands.
   */
  findInService(service: string, ...path: readonly string[]): Found | undefined {
    for (const file of path.length === 0 ? this.files : [...this.files].reverse()) {
      const found = this.#findIn(file, service, path, []);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findIn(file: YamlFile, service: string, path: readonly string[], seen: readonly string[]): Found | undefined {
    const found = file.find(['services', service, ...path]);
    if (found !== undefined) return found;
    const base = this.#baseOf(file, service, servicesOf(file.toData())[service]);
    const key = base === undefined ? '' : `${base.file.path} ${base.service}`;
    return base === undefined || seen.includes(key)
      ? undefined
      : this.#findIn(base.file, base.service, path, [...seen, key]);
  }

  #readData(file: YamlFile, variables: Readonly<Record<string, string | undefined>>): Data {
    const data = this.#putIn(file, variables);
    const services = Object.keys(servicesOf(data)).map(
      (name) => [name, this.#extend(file, name, variables, [])] as const,
    );
    return services.length === 0 ? data : { ...data, services: Object.fromEntries(services) };
  }

  #putIn(file: YamlFile, variables: Readonly<Record<string, string | undefined>>): Data {
    const data = mapTexts(file.toData(), (text) => {
      try {
        return interpolate(text, variables);
      } catch (error) {
        if (!(error instanceof BadInterpolation)) throw error;
        const offset = Math.max(file.text.indexOf(text), 0);
        const { line, column } = file.placeAt(offset);
        throw new BadComposeFile(`${file.path}:${String(line)}:${String(column)}: ${error.message}`, { cause: error });
      }
    });
    return isRecord(data) ? data : {};
  }

  #extend(
    file: YamlFile,
    name: string,
    variables: Readonly<Record<string, string | undefined>>,
    seen: readonly string[],
  ): unknown {
    const own = servicesOf(this.#putIn(file, variables))[name];
    const base = this.#baseOf(file, name, own);
    if (base === undefined) return own;
    const key = `${base.file.path} ${base.service}`;
    if (seen.includes(key)) throw new BadComposeFile(`${file.path}: service ${name} extends itself`);
    return mergeData(this.#extend(base.file, base.service, variables, [...seen, key]), own);
  }

  #baseOf(
    file: YamlFile,
    name: string,
    service: unknown,
  ): { readonly file: YamlFile; readonly service: string } | undefined {
    const wanted = isRecord(service) ? service['extends'] : undefined;
    const [of, path] = isRecord(wanted) ? [wanted['service'], wanted['file']] : [wanted, undefined];
    if (typeof of !== 'string' || (of === name && path === undefined)) return undefined;
    const other = typeof path === 'string' ? this.#byPath.get(resolve(dirname(file.path), path)) : file;
    return other === undefined ? undefined : { file: other, service: of };
  }
}

function servicesOf(data: unknown): Data {
  const services = isRecord(data) ? data['services'] : undefined;
  return isRecord(services) ? services : {};
}

function listIncludes(data: unknown): readonly string[] {
  return toList(isRecord(data) ? data['include'] : undefined)
    .flatMap((item) =>
      isRecord(item) ? (Array.isArray(item['path']) ? toList(item['path']) : [item['path']]) : [item],
    )
    .filter((path) => typeof path === 'string')
    .filter((path) => !path.includes('$') && !path.includes('://'));
}

function listExtendedFiles(data: unknown): readonly string[] {
  return Object.values(servicesOf(data)).flatMap((service) => {
    const wanted = isRecord(service) ? service['extends'] : undefined;
    const path = isRecord(wanted) ? wanted['file'] : undefined;
    return typeof path === 'string' && !path.includes('$') ? [path] : [];
  });
}

async function readOrSay(path: string, from: string | undefined, readText: ReadText): Promise<string> {
  try {
    return await readText(path);
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : describeFileError(error);
    throw new BadComposeFile(`${path}: ${why}${from === undefined ? '' : ` (${from} refers to it)`}`, { cause: error });
  }
}

function readFromDisk(path: string): Promise<string> {
  return readFile(path, 'utf8');
}
