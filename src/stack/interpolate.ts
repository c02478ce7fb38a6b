/** A `$` in a Compose file that Compose would refuse too, or a variable that has to be set and is not. */
export class BadInterpolation extends Error {
  override readonly name = 'BadInterpolation';
}

/**
 * Puts variables in as Compose does (Compose specification, "Interpolation"): `$NAME`, `${NAME}`, `${NAME:-default}`,
 * `${NAME-default}`, `${NAME:?error}`, `${NAME?error}`, `${NAME:+instead}`, `${NAME+instead}`, and `$$` for a `$`.
 * Defaults may hold variables. A variable that is not set is empty. Throws {@link BadInterpolation}.
 */
export function interpolate(text: string, variables: Readonly<Record<string, string | undefined>>): string {
  let result = '';
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar === -1) return result + text.slice(at);
    result += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === '$') {
      result += '$';
      at = dollar + 2;
    } else if (next === '{') {
      const end = findEnd(text, dollar + 2);
      result += substitute(text.slice(dollar + 2, end), variables);
      at = end + 1;
    } else {
      const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(text.slice(dollar + 1))?.[0];
      if (name === undefined) throw new BadInterpolation(`"${text}" has a "$" that is no variable; write $$ for a "$"`);
      result += variables[name] ?? '';
      at = dollar + 1 + name.length;
    }
  }
  return result;
}

/** The names of variables that a text writes with one `$`. */
export function listVariables(text: string): readonly string[] {
  const found = text.replaceAll('$$', ' ').matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g);
  return [...found].map((match) => match[1] ?? '');
}

function substitute(inner: string, variables: Readonly<Record<string, string | undefined>>): string {
  const [, name, operator, rest = ''] = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])(.*))?$/s.exec(inner) ?? [];
  if (name === undefined) throw new BadInterpolation(`"\${${inner}}" names no variable; write $$ for a "$"`);
  const value = variables[name];
  const isGiven = value !== undefined && (operator?.startsWith(':') !== true || value !== '');
  switch (operator?.at(-1)) {
    case '-':
      return isGiven ? value : interpolate(rest, variables);
    case '+':
      return isGiven ? interpolate(rest, variables) : '';
    case '?':
      if (isGiven) return value;
      throw new BadInterpolation(
        `variable ${name} has to be set: ${interpolate(rest, variables) || 'the file says so'}`,
      );
    case undefined:
    default:
      return value ?? '';
  }
}

/** The `}` that ends what began before `from`. */
function findEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('${', at)) depth++;
    if (text[at] === '}' && depth-- === 0) return at;
  }
  throw new BadInterpolation(`"${text}" has a "\${" without its "}"; write $$ for a "$"`);
}
