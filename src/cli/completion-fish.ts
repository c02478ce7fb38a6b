import { listContainers } from './completable.ts';
import type { Completable } from './completable.ts';

/** For fish. */
export function renderFish(commands: readonly Completable[]): string {
  const lines = commands.flatMap((command) => describeCommand(command));
  return `# fish completion for lbwatch
complete -c lbwatch -f
${lines.join('\n')}
`;
}

function describeCommand({ name, summary, flags, argument }: Completable): readonly string[] {
  const within = `-n '__fish_seen_subcommand_from ${name}'`;
  const options = flags.map(({ name: flag, summary: said, values, takesValue }) => {
    const value = takesValue ? ` -x${values.length > 0 ? ` -a ${quote(values.join(' '))}` : ''}` : '';
    return `complete -c lbwatch ${within} -l ${flag.replace(/^--/, '')}${value} -d ${quote(said)}`;
  });
  const offered =
    argument === 'container'
      ? `-a ${quote(`(${listContainers})`)}`
      : argument === 'file'
        ? '-F'
        : argument === undefined
          ? undefined
          : `-a ${quote(argument.join(' '))}`;
  return [
    `complete -c lbwatch -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`,
    ...options,
    ...(offered === undefined ? [] : [`complete -c lbwatch ${within} ${offered}`]),
  ];
}

/** fish knows two escapes between single quotes: of a quote and of a backslash. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
