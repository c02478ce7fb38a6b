import { labelManual } from './label-manual.ts';
import { settingsTable } from './settings.ts';

/** A page of the manual that belongs to no command. */
export interface HelpTopic {
  readonly name: string;
  readonly summary: string;
  readonly render: () => string;
}

/** `lbwatch help TOPIC`: made of the tables that the parsers and the README are made of, or compared with them by tests. */
export const helpTopics: readonly HelpTopic[] = [
  { name: 'labels', summary: 'what containers may be labelled with', render: renderLabels },
  { name: 'settings', summary: 'variables and flags of the controller', render: renderSettings },
  { name: 'exit-codes', summary: 'what commands end with', render: renderExitCodes },
  { name: 'files', summary: 'what lies in the shared directory', render: renderFiles },
];

const width = 100;

function renderLabels(): string {
  const entries = Object.entries(labelManual).map(([label, { value, fallback }]) => {
    const absent = plain(fallback);
    return { term: label, text: `${plain(value)}${absent === '–' ? '' : ` (default: ${absent})`}` };
  });
  return `Labels of containers. A value that does not parse keeps its container out.\n\n${renderList(entries)}`;
}

function renderSettings(): string {
  const entries = Object.values(settingsTable).map(({ flag, variable, placeholder, fallback, help }) => {
    const absent = fallback === undefined || fallback === '' ? '' : ` (default: ${fallback})`;
    return { term: `${variable}, --${flag} ${placeholder}`, text: `${help}${absent}` };
  });
  return `Settings of lbwatch run and the commands beside it. A flag beats its variable.\n\n${renderList(entries)}`;
}

/** By command; those that are not named end with 0, or with 1 where something failed. */
export const exitCodes = [
  { term: 'any command', text: '0 done; 1 it failed, and the message says why; 2 a setting is not allowed' },
  { term: 'run', text: '0 after SIGTERM; 6 another lbwatch keeps the directory' },
  {
    term: 'once',
    text: '0 in step; 3 rejected by nginx; 4 rolled back; 5 unavailable: engine, nginx or files are not there; 6 another lbwatch keeps the directory',
  },
  { term: 'status', text: '0 in step; 3 rejected; 4 rolled back; 5 unavailable or stale; 1 nobody answers' },
  { term: 'render --diff', text: '0 no difference; 1 there is one' },
  { term: 'explain', text: '1 no container has that name' },
  { term: 'doctor', text: '1 something failed' },
  { term: 'drain', text: '0 drained; 6 the time is up with connections left, or unknown' },
  { term: 'check', text: '0 nothing is wrong; 1 there are errors or warnings; 2 the files cannot be read' },
  {
    term: 'init',
    text: '0 shown, written, or nothing to do; 1 nothing can be carried over; 2 the files cannot be read',
  },
] as const;

function renderExitCodes(): string {
  return `Exit codes.\n\n${renderList(exitCodes)}`;
}

function renderFiles(): string {
  const dir = settingsTable.dir.fallback ?? '';
  const entries = [
    { term: 'upstreams.conf', text: 'what nginx includes in its http block; written by lbwatch, edits are put back' },
    { term: 'streams.conf', text: 'what nginx includes in a stream block: tcp and udp pools' },
    { term: 'upstreams.last-good', text: 'both, as nginx last acknowledged them; they go back when nginx refuses' },
    { term: 'drained/', text: 'who was drained, a file each' },
    { term: 'lbwatch.lock', text: 'held by the lbwatch that keeps the directory, for as long as it lives' },
    { term: 'lbwatch.holder', text: 'who that is' },
  ];
  const beside = 'Beside the files of a site, lbwatch init keeps what was there as FILE.before-lbwatch.';
  return `Files in ${dir} (LBWATCH_DIR), the directory shared with nginx.\n\n${renderList(entries)}\n${beside}\n`;
}

function renderList(entries: readonly { readonly term: string; readonly text: string }[]): string {
  return entries.map(({ term, text }) => `  ${term}\n${wrap(text, '      ')}`).join('');
}

function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(indent + word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return `${lines.join('\n')}\n`;
}

function plain(text: string): string {
  return text.replaceAll('`', '').replaceAll('\\|', '|');
}
