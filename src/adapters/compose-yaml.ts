import {
  LineCounter,
  Pair,
  Scalar,
  YAMLMap,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
} from 'yaml';
import type { CollectionTag, Document, Node, ScalarTag, YAMLError, YAMLSeq } from 'yaml';

import { messageOf } from '../core/error-words.ts';
import type { Place } from '../stack/project.ts';

/** A Compose file that cannot be read, with its place and what to do; one line. */
export class BadComposeFile extends Error {
  override readonly name = 'BadComposeFile';
}

/** Keys and, in lists, what an item is called: `lb.pool` finds `- lb.pool=app`. */
export type YamlPath = readonly string[];

/** One YAML file: its data, and where things are written in it. */
export class YamlFile {
  readonly path: string;
  readonly text: string;
  readonly document: Document;
  readonly #lines = new LineCounter();

  /** Throws {@link BadComposeFile} where it is no YAML. */
  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    this.document = parseDocument(text, {
      lineCounter: this.#lines,
      merge: true,
      prettyErrors: false,
      customTags: [...composeTags],
    });
    const [error] = this.document.errors;
    if (error !== undefined) throw new BadComposeFile(this.#describe(error));
  }

  /** Anchors and merge keys resolved. Throws {@link BadComposeFile}. */
  toData(): unknown {
    try {
      const data: unknown = this.document.toJS();
      return data;
    } catch (error) {
      throw new BadComposeFile(`${this.path}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Where something is written, through anchors and merge keys; undefined where it is not. */
  find(path: YamlPath): Found | undefined {
    let node: unknown = this.document.contents;
    let found: Found | undefined;
    for (const word of path) {
      const next = this.#step(node, word);
      if (next === undefined) return undefined;
      node = next.value;
      found = { at: this.placeAt(next.offset), raw: rawOf(next.value, next.item) };
    }
    return found;
  }

  placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.path, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  #step(
    from: unknown,
    word: string,
  ): { readonly value: unknown; readonly offset: number; readonly item?: string } | undefined {
    const node = unwrap(isAlias(from) ? from.resolve(this.document) : from);
    if (isSeq(node)) {
      for (const item of node.items) {
        if (!isScalar(item) || typeof item.value !== 'string') continue;
        const [name, ...rest] = item.value.split('=');
        if (name === word) return { value: item, offset: item.range?.[0] ?? 0, item: rest.join('=') };
      }
      return undefined;
    }
    if (!isMap(node)) return undefined;
    const pairs: readonly Pair[] = node.items;
    for (const { key, value } of pairs) {
      if (isScalar(key) && String(key.value) === word) return { value, offset: key.range?.[0] ?? 0 };
    }
    for (const { key, value } of pairs) {
      if (!isScalar(key) || (key.value !== '<<' && typeof key.value !== 'symbol')) continue;
      const sources: readonly unknown[] = isSeq(value) ? value.items : [value];
      for (const source of sources) {
        const found = this.#step(source, word);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #describe(error: YAMLError): string {
    const { file, line, column } = this.placeAt(error.pos[0]);
    const advice = adviceFor.get(error.code);
    return `${file}:${String(line)}:${String(column)}: ${error.message.split('\n')[0] ?? ''}${advice === undefined ? '' : `; ${advice}`}`;
  }
}

/** Where something is written, and how; `raw` is undefined for what is no text. */
export interface Found {
  readonly at: Place;
  readonly raw: string | undefined;
}

/**
 * `!reset` and `!override` (Compose specification, "Merge") as what they leave in the data: {@link resetMark}, and a map
 * whose only key is {@link overrideMark}.
 */
const composeTags: readonly (ScalarTag | CollectionTag)[] = [
  { tag: '!reset', resolve: () => resetMark },
  { tag: '!reset', collection: 'seq', resolve: () => new Scalar(resetMark) },
  { tag: '!reset', collection: 'map', resolve: () => new Scalar(resetMark) },
  { tag: '!override', resolve: (text) => text },
  { tag: '!override', collection: 'seq', resolve: wrap },
  { tag: '!override', collection: 'map', resolve: wrap },
];

/** Stands in the data where the file says `!reset`. */
export const resetMark = '\0reset';

/** The key below which data stands that the file calls `!override`. */
export const overrideMark = '\0override';

function wrap(node: YAMLMap | YAMLSeq): YAMLMap {
  const map = new YAMLMap();
  map.items.push(new Pair(new Scalar(overrideMark), node));
  return map;
}

function unwrap(node: unknown): unknown {
  if (!isMap(node)) return node;
  const [pair] = node.items;
  return isScalar(pair?.key) && pair.key.value === overrideMark ? pair.value : node;
}

function rawOf(value: unknown, item: string | undefined): string | undefined {
  if (item !== undefined) return item;
  if (!isScalar(value)) return undefined;
  return typeof value.value === 'string' ? value.value : value.source;
}

/** What to do, by the code of yaml's errors. */
const adviceFor: ReadonlyMap<string, string> = new Map([
  ['TAB_AS_INDENT', 'indent with spaces'],
  ['DUPLICATE_KEY', 'write each key once, and what belongs to it below it'],
  ['BAD_INDENT', 'keys of one block begin in one column, and what was opened with [ or { must be closed'],
  ['BLOCK_AS_IMPLICIT_KEY', 'put a value that holds ": " in quotes, or begin a new line'],
  ['MISSING_CHAR', 'close the quote or bracket that was opened'],
  ['BAD_SCALAR_START', 'put the value in quotes'],
  ['UNEXPECTED_TOKEN', 'a block is a list ("- item") or a map ("key: value"), not both; put odd values in quotes'],
  ['MULTIPLE_DOCS', 'one document a file: remove the "---"'],
  ['BAD_ALIAS', 'an alias needs its anchor above it'],
]);

/** The end of what is written of a node, without the comments and blank lines that follow it. */
export function contentEnd(node: unknown): number {
  if (isPair(node)) return node.value === null ? contentEnd(node.key) : contentEnd(node.value);
  if (isCollection(node) && node.flow !== true && node.items.length > 0) return contentEnd(node.items.at(-1));
  return rangeOf(node)[1];
}

/** Where a node begins and ends. */
export function rangeOf(node: unknown): readonly [number, number] {
  const range = isNodeLike(node) ? node.range : undefined;
  return range == null ? [0, 0] : [range[0], range[1]];
}

function isNodeLike(node: unknown): node is Node {
  return isScalar(node) || isCollection(node) || isAlias(node);
}
