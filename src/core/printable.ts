/**
 * Makes a foreign text safe to show on a terminal, in a log line or in an nginx comment: control characters, line
 * separators, direction marks and other invisible characters become `\u{…}`, and what is over-long is cut.
 *
 * @param text anything a container's owner may have written
 * @param maxLength characters kept before the cut
 */
export function printable(text: string, maxLength = 120): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return cut.replace(/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\\]/gu, (character) => {
    if (character === '\\') return '\\\\';
    return character === ' ' ? character : escape(character);
  });
}

/**
 * The last look at a line that was composed of texts, some of them foreign: what is invisible becomes `\u{…}`, line feeds
 * too, so that nobody begins a line of his own. Backslashes stay as they are.
 */
export function printableLine(text: string): string {
  return printableLines(text).replaceAll('\n', '\\u{a}');
}

/**
 * The last look at text that was composed of lines: a table, a difference, a stack. What is invisible becomes `\u{…}`,
 * but for line feeds; backslashes stay as they are.
 */
export function printableLines(text: string): string {
  return text.replace(invisible, (character) => (isLayout(character) ? character : escape(character)));
}

/**
 * JSON with what is invisible escaped as JSON does: inside strings it means the same, outside there is only layout. A
 * terminal that shows it is told nothing.
 */
export function printableJson(json: string): string {
  return json.replace(invisible, (character) => {
    if (isLayout(character)) return character;
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

/** Controls, unassigned and private ones, surrogates, separators, and what fonts draw as nothing. */
const invisible = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

function isLayout(character: string): boolean {
  return character === ' ' || character === '\n';
}

function escape(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
