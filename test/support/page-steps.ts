/** A block of commands on a page of Markdown, and what the page shows of their output. */
export interface Step {
  /** As it is typed; several lines are one script. */
  readonly script: string;
  /** Undefined where the page shows nothing. */
  readonly shown: string | undefined;
  /** The heading it stands under, without its `#`. */
  readonly heading: string;
}

const fence = /^```(sh|console)\n(.*?)^```|^#+ ([^\n]+)$/gms;

/**
 * What a page tells people to type, in order: its `sh` blocks, and its `console` blocks of one command behind `$ ` and what
 * it prints. Throws for a `console` block that is not like that.
 */
export function readSteps(markdown: string): readonly Step[] {
  const steps: Step[] = [];
  let heading = '';
  for (const [, language, block = '', title] of markdown.matchAll(fence)) {
    if (title !== undefined) heading = title;
    else if (language === 'sh') steps.push({ script: block.trim(), shown: undefined, heading });
    else steps.push({ ...readConsole(block), heading });
  }
  return steps;
}

function readConsole(block: string): { readonly script: string; readonly shown: string } {
  const [first = '', ...others] = block.trimEnd().split('\n');
  if (!first.startsWith('$ ') || others.some((line) => line.startsWith('$ '))) {
    throw new Error(`a console block holds one command behind "$ " and its output; this does not:\n${block}`);
  }
  return { script: first.slice(2), shown: others.join('\n') };
}

/**
 * The lines of an output in which all that differs from run to run is the same: addresses, ids, versions, times, and how
 * wide the columns are. Empty ones are left out.
 *
 * @param names what stands for what, such as the project's real name for the one on the page
 */
function likeShown(output: string, names: Readonly<Record<string, string>> = {}): readonly string[] {
  let text = output;
  for (const [real, onPage] of Object.entries(names)) text = text.replaceAll(real, onPage);
  return text
    .split('\n')
    .map((line) => {
      return line
        .replace(/\x1b\[[0-9;]*m/g, '')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replace(/^\[?\d\d:\d\d:\d\d\.\d{3}\]?/g, 'TIME')
        .replace(/\b\d+\.\d+\.\d+\.\d+\b/g, 'ADDRESS')
        .replace(/\b\d+\.\d+(?:\.\d+)?[\w+~.-]*/g, 'VERSION')
        .replace(/\b[0-9a-f]{12,64}\b/g, 'ID')
        .replace(/\b\d+ ms\b/g, 'N ms')
        .replace(/\s+/g, ' ')
        .trim();
    })
    .filter((line) => line !== '');
}

/** The lines shown that an output lacks, in order; `…` stands for anything. */
export function missingLines(
  output: string,
  shown: string,
  names: Readonly<Record<string, string>> = {},
): readonly string[] {
  const there = likeShown(output, names);
  let from = 0;
  return likeShown(shown).filter((line) => {
    if (line === '…') return false;
    const at = there.indexOf(line, from);
    if (at === -1) return true;
    from = at + 1;
    return false;
  });
}
