import { isAlias, isMap, isScalar, isSeq, stringify } from 'yaml';
import type { Pair, YAMLMap } from 'yaml';

import { applyEdits, lineBreakOf, lineStart, nextLine } from '../stack/edit-text.ts';
import type { Edit } from '../stack/edit-text.ts';
import { contentEnd, rangeOf } from './compose-yaml.ts';
import type { YamlFile } from './compose-yaml.ts';

/** A value to be written into a Compose file: lists and maps as blocks. */
export type Block = string | boolean | null | readonly Block[] | { readonly [key: string]: Block };

/** Puts things into a Compose file and leaves all else to the byte: comments, quotes, order, line breaks. */
export class ComposeEditor {
  readonly #file: YamlFile;
  readonly #edits: (Edit & { readonly depth: number })[] = [];
  readonly #newline: string;
  readonly #step: number;
  readonly #isSingleQuoted: boolean;

  constructor(file: YamlFile) {
    this.#file = file;
    const { text } = file;
    this.#newline = lineBreakOf(text);
    const first = mapAt(file.document.contents, 'services');
    this.#step = first === undefined ? 2 : Math.max(this.#column(first), 1);
    this.#isSingleQuoted = text.split("'").length >= text.split('"').length;
  }

  /** The text with all changes. */
  get text(): string {
    // Of what comes to stand in one place, the end of the inner block comes first.
    const ordered = [...this.#edits].sort((one, other) => other.depth - one.depth);
    const { text } = this.#file;
    const isOpen = !text.endsWith('\n') && ordered.some(({ from }) => from === text.length);
    const newline: Edit = { from: text.length, to: text.length, text: this.#newline };
    return applyEdits(text, [...(isOpen ? [newline] : []), ...ordered]);
  }

  /** Whether this file has the service. */
  hasService(service: string): boolean {
    return this.#service(service) !== undefined;
  }

  /** Why labels cannot be added to a service of this file; undefined where they can. */
  describeLocked(service: string): string | undefined {
    const found = this.#service(service);
    const where = (offset: number): string => `line ${String(this.#file.placeAt(offset).line)}`;
    if (found === undefined) return `service ${service} is not written as a map of its own; add its labels by hand`;
    if (!isMap(found) || found.flow === true) {
      return `service ${service} is written in braces (${where(rangeOf(found)[0])}); add its labels by hand`;
    }
    const pair = pairOf(found, 'labels');
    if (pair === undefined) {
      const merged = this.#file.find(['services', service, 'labels']);
      return merged === undefined
        ? undefined
        : `the labels of service ${service} come from an anchor (line ${String(merged.at.line)}), which labels of its own would hide; add them by hand`;
    }
    return isAlias(pair.value)
      ? `the labels of service ${service} are an alias (${where(rangeOf(pair.value)[0])}), which others share; add them by hand`
      : undefined;
  }

  /** Adds labels to a service that is not locked. A `$` becomes `$$`. */
  addLabels(service: string, labels: ReadonlyMap<string, string>): void {
    const entries = [...labels].map(([label, value]) => [label, value.replaceAll('$', '$$$$')] as const);
    const found = this.#service(service);
    if (!isMap(found)) return;
    const { value } = pairOf(found, 'labels') ?? {};
    if (isSeq(value))
      this.#addItems(
        value,
        entries.map(([label, text]) => `${label}=${text}`),
      );
    else this.addTo(service, 'labels', Object.fromEntries(entries));
  }

  /** Adds to a map or a list of a service, or sets a key that it does not have. What is there stays. */
  addTo(service: string, key: string, block: Block): void {
    const found = this.#service(service);
    if (isMap(found)) this.#addKey(found, key, block);
  }

  /** Has a service start after another. */
  addDependency(service: string, other: string): void {
    const found = this.#service(service);
    const value = isMap(found) ? pairOf(found, 'depends_on')?.value : undefined;
    this.addTo(service, 'depends_on', isMap(value) ? { [other]: { condition: 'service_started' } } : [other]);
  }

  /** Adds a service, behind the others. */
  addService(name: string, block: Block): void {
    const services = mapAt(this.#file.document.contents, 'services');
    if (services !== undefined) this.#addPair(services, name, block, this.#hasBlankLines(services));
  }

  /** Adds a volume of the project. */
  addVolume(name: string): void {
    const top = this.#file.document.contents;
    if (!isMap(top)) return;
    const volumes = pairOf(top, 'volumes')?.value;
    if (isMap(volumes)) {
      if (pairOf(volumes, name) === undefined) this.#addKey(top, 'volumes', { [name]: null });
    } else this.#addPair(top, 'volumes', { [name]: null }, true);
  }

  #service(name: string): unknown {
    const services = mapAt(this.#file.document.contents, 'services');
    return services === undefined ? undefined : pairOf(services, name)?.value;
  }

  #addKey(map: YAMLMap, key: string, block: Block): void {
    const pair = pairOf(map, key);
    const value = pair?.value;
    if (pair === undefined) this.#addPair(map, key, block, false);
    else if (isSeq(value) && isList(block)) this.#addItems(value, block.map(String));
    else if (isMap(value) && isEntries(block)) this.#addEntries(value, block);
    else if (value === null || (isScalar(value) && value.value === null)) {
      const at = nextLine(this.#file.text, rangeOf(pair.key)[1]);
      const column = this.#column(pair.key) + this.#step;
      this.#insert(at, this.#render(block, column), 2 * column);
    }
  }

  #addEntries(map: YAMLMap, block: Readonly<Record<string, Block>>): void {
    const entries = Object.entries(block);
    if (map.flow !== true) for (const [key, value] of entries) this.#addPair(map, key, value, false);
    else
      this.#addToFlow(
        map,
        entries.map(([key, value]) => `${this.#scalar(key)}: ${this.#scalar(value)}`),
      );
  }

  #addItems(
    list: { readonly items: readonly unknown[]; readonly flow?: boolean | undefined },
    items: readonly string[],
  ): void {
    if (list.flow === true) {
      this.#addToFlow(
        list,
        items.map((item) => this.#scalar(item)),
      );
      return;
    }
    const last = list.items.at(-1);
    const { text } = this.#file;
    // The dash stands before its item.
    const dash = text.lastIndexOf('-', rangeOf(last)[0] - 1);
    const indent = ' '.repeat(dash - lineStart(text, dash));
    const lines = items.map((item) => `${indent}- ${this.#scalar(item)}${this.#newline}`).join('');
    // A list may begin in the column of its own key.
    this.#insert(this.#behind(last), lines, 2 * indent.length + 1);
  }

  #addToFlow(node: { readonly items: readonly unknown[] }, texts: readonly string[]): void {
    const last = node.items.at(-1);
    const at = last === undefined ? rangeOf(node)[1] - 1 : contentEnd(last);
    const text = texts.join(', ');
    this.#edits.push({ from: at, to: at, text: last === undefined ? text : `, ${text}`, depth: 0 });
  }

  #addPair(map: YAMLMap, key: string, block: Block, isApart: boolean): void {
    const indent = this.#column(map);
    const blank = isApart ? this.#newline : '';
    this.#insert(this.#behind(map.items.at(-1)), blank + this.#renderPair(key, block, indent), 2 * indent);
  }

  /** Behind the last line of what is written of a node; comments below it belong to what follows. */
  #behind(node: unknown): number {
    const { text } = this.#file;
    const end = contentEnd(node);
    return text[end - 1] === '\n' ? end : nextLine(text, end);
  }

  /** @param depth of the block that it belongs to: greater for inner ones */
  #insert(at: number, text: string, depth: number): void {
    this.#edits.push({ from: at, to: at, text, depth });
  }

  #renderPair(key: string, block: Block, indent: number): string {
    const head = `${' '.repeat(indent)}${this.#scalar(key)}:`;
    if (block === null) return head + this.#newline;
    if (typeof block !== 'object') return `${head} ${this.#scalar(block)}${this.#newline}`;
    return `${head}${this.#newline}${this.#render(block, indent + this.#step)}`;
  }

  #render(block: Block, indent: number): string {
    if (typeof block !== 'object' || block === null)
      return `${' '.repeat(indent)}${this.#scalar(block)}${this.#newline}`;
    if (isList(block)) {
      return block.map((item) => `${' '.repeat(indent)}- ${this.#scalar(item)}${this.#newline}`).join('');
    }
    return Object.entries(block)
      .map(([key, value]) => this.#renderPair(key, value, indent))
      .join('');
  }

  #scalar(value: Block): string {
    return stringify(value, { singleQuote: this.#isSingleQuoted, lineWidth: 0 }).trimEnd();
  }

  #column(node: unknown): number {
    const [from] = rangeOf(node);
    return from - lineStart(this.#file.text, from);
  }

  /** Whether its entries stand apart. */
  #hasBlankLines(map: YAMLMap): boolean {
    const { text } = this.#file;
    return map.items.slice(1).some((pair) => {
      const start = lineStart(text, rangeOf(pair.key)[0]);
      return /\n\s*\n(?:[ \t]*#[^\n]*\n)*$/.test(text.slice(0, start));
    });
  }
}

function isEntries(block: Block): block is { readonly [key: string]: Block } {
  return typeof block === 'object' && block !== null && !isList(block);
}

function isList(block: Block): block is readonly Block[] {
  return Array.isArray(block);
}

function mapAt(node: unknown, key: string): YAMLMap | undefined {
  const value = isMap(node) ? pairOf(node, key)?.value : undefined;
  return isMap(value) ? value : undefined;
}

/** A map's own pair: nothing that is merged into it. */
function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);
}
