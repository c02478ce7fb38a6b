import { listContainers } from './completable.ts';
import type { Completable } from './completable.ts';

/** For zsh with its completion system (compinit). */
export function renderZsh(commands: readonly Completable[]): string {
  const names = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary.replaceAll(':', '\\:')}`)}`);
  const cases = commands.map(({ name, flags, argument }) => {
    const specs = flags.map((flag) => `      ${quote(describeFlag(flag))} \\\n`).join('');
    return `    ${name}) _arguments \\\n${specs}      ${quote(describeArgument(argument))} ;;`;
  });
  return `#compdef lbwatch
# zsh completion for lbwatch
_lbwatch_containers() {
  local -a names=(\${(f)"$(${listContainers})"})
  compadd -a names
}
_lbwatch() {
  local -a commands=(
${names.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _lbwatch ]]; then _lbwatch "$@"; else compdef _lbwatch lbwatch; fi
`;
}

function describeFlag({ name, summary, values, takesValue }: Completable['flags'][number]): string {
  const said = `${name}[${summary.replace(/[[\]:\\]/g, '\\$&')}]`;
  if (!takesValue) return said;
  return `${said}:value:${values.length > 0 ? `(${values.join(' ')})` : ' '}`;
}

function describeArgument(argument: Completable['argument']): string {
  if (argument === 'container') return '1:container:_lbwatch_containers';
  if (argument === 'file') return '*:file:_files';
  return argument === undefined ? '*: :' : `1:name:(${argument.join(' ')})`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
