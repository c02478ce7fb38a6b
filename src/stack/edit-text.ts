/** A change of a text: what lies between two offsets becomes something else. */
export interface Edit {
  readonly from: number;
  /** The same as `from` for what is only put in. */
  readonly to: number;
  readonly text: string;
}

/** Makes changes that do not overlap; of several at one offset the earlier ones stand first. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const ordered = edits.map((edit, index) => ({ edit, index }));
  ordered.sort((one, other) => other.edit.from - one.edit.from || other.index - one.index);
  return ordered.reduce((result, { edit }) => result.slice(0, edit.from) + edit.text + result.slice(edit.to), text);
}

/** The line break that a text uses. */
export function lineBreakOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** Where the line begins that an offset lies in. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Behind the line break of the line that an offset lies in; the text's end where it has none. */
export function nextLine(text: string, offset: number): number {
  const at = text.indexOf('\n', offset);
  return at === -1 ? text.length : at + 1;
}
