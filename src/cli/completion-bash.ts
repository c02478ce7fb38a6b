import { listContainers } from './completable.ts';
import type { Completable } from './completable.ts';

/** For bash 4 and newer. */
export function renderBash(commands: readonly Completable[]): string {
  const cases = commands.map(({ name, flags, argument }) => {
    const names = flags.map((flag) => flag.name).join(' ');
    const words = argument === 'container' || argument === 'file' ? '' : (argument ?? []).join(' ');
    const kind = argument === 'container' || argument === 'file' ? argument : 'words';
    return `    ${name}) flags='${names}' kind=${kind} words='${words}' ;;`;
  });
  const values = new Map(commands.flatMap(({ flags }) => flags.map((flag) => [flag.name, flag] as const)));
  const afterFlag = [...values.values()]
    .filter(({ takesValue }) => takesValue)
    .map(
      ({ name, values: offered }) =>
        `    ${name}) COMPREPLY=($(compgen -W '${offered.join(' ')}' -- "$word")); return ;;`,
    );
  return `# bash completion for lbwatch
_lbwatch() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" flags='' kind=words words=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} --help --version' -- "$word"))
    return
  fi
  case "$before" in
${afterFlag.join('\n')}
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$flags --help" -- "$word"))
  elif [[ $kind == file ]]; then
    COMPREPLY=($(compgen -f -- "$word"))
  elif [[ $kind == container ]]; then
    COMPREPLY=($(compgen -W "$(${listContainers})" -- "$word"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  fi
}
complete -o bashdefault -F _lbwatch lbwatch
`;
}
