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
    if (character === ' ') return character;
    if (character === '\\') return '\\\\';
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
