import type { Command, Option } from 'commander';

import type { Completable } from './completable.ts';
import { renderBash } from './completion-bash.ts';
import { renderFish } from './completion-fish.ts';
import { renderZsh } from './completion-zsh.ts';

/** The shells that a script can be had for. */
export const shells = { bash: renderBash, zsh: renderZsh, fish: renderFish } as const;

/**
 * The script that teaches a shell the commands, their flags, and the names of containers where they are asked for.
 * Undefined for a shell that is none of {@link shells}.
 *
 * @param topics what `help` takes beside commands
 */
export function renderCompletion(shell: string, program: Command, topics: readonly string[]): string | undefined {
  const commands = program.commands.map((command) => describeCommand(command, program, topics));
  return isShell(shell) ? shells[shell](commands) : undefined;
}

function isShell(name: string): name is keyof typeof shells {
  return Object.hasOwn(shells, name);
}

function describeCommand(command: Command, program: Command, topics: readonly string[]): Completable {
  const name = command.name();
  const [argument] = command.registeredArguments;
  const kinds: Readonly<Record<string, Completable['argument']>> = {
    container: 'container',
    files: 'file',
    shell: Object.keys(shells),
    topic: [...program.commands.map((one) => one.name()), ...topics],
  };
  return {
    name,
    summary: command.description().split(/[;,:]/)[0] ?? '',
    flags: command.options.map(describeFlag),
    argument: argument === undefined ? undefined : kinds[argument.name()],
  };
}

function describeFlag({ long, description, flags, required }: Option): Completable['flags'][number] {
  // What a placeholder such as <on|off> offers; words in capitals stand for something else.
  const placeholder = /<(.*)>/.exec(flags)?.[1] ?? '';
  const values = placeholder.split('|').filter((word) => placeholder.includes('|') && /^[a-z]+$/.test(word));
  return { name: long ?? '', summary: description.split(/[;:(]/)[0]?.trim() ?? '', values, takesValue: required };
}

export const completionHelp = `
  bash  lbwatch completion bash > ~/.local/share/bash-completion/completions/lbwatch
  zsh   lbwatch completion zsh > ~/.zfunc/_lbwatch    (with fpath=(~/.zfunc $fpath) before compinit)
  fish  lbwatch completion fish > ~/.config/fish/completions/lbwatch.fish`;
