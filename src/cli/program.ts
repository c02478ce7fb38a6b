import { Command, Option } from 'commander';

import { printable, printableLine } from '../core/printable.ts';
import { completionHelp, renderCompletion, shells } from './completion.ts';
import { drain, drainHelp } from './drain.ts';
import type * as FileCommands from './file-commands.ts';
import { helpTopics } from './help-topics.ts';
import type * as EngineCommands from './engine-commands.ts';
import { checkHelp, initHelp } from './file-command-help.ts';
import { health } from './health.ts';
import { complain, say } from './say.ts';
import { readSettings, settingsTable } from './settings.ts';
import type { Settings } from './settings.ts';
import { status } from './status.ts';
import { undrain } from './undrain.ts';
import { version } from './version.ts';

/**
 * The command line. Each command is a file beside this one. The large ones are loaded when they are called for: what a
 * command does without is memory that the controller need not hold for months, and time that each HEALTHCHECK saves.
 *
 * @param environment where settings without a flag are read from
 * @param exit called with the exit code when a command has ended
 */
export function createProgram(
  environment: Readonly<Record<string, string | undefined>>,
  exit: (code: number) => void,
): Command {
  const program = new Command('lbwatch')
    .description("Keeps nginx's upstream blocks true to the labelled containers that are really running.")
    .version(version)
    .configureOutput({
      writeOut: say,
      writeErr: complain,
      // Commander's own words hold what was written, and its suggestion stands on a second line.
      outputError: (text, write) => {
        write(`${printableLine(text.trimEnd().replace(/\n(?=\(Did you mean )/, ' '))}\n`);
      },
    })
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .addHelpText('after', programHelp);

  const add = (
    usage: string,
    summary: string,
    act: (settings: Settings, command: Command) => Promise<number>,
  ): Command => {
    const command: Command = program.command(usage).description(summary);
    for (const setting of Object.values(settingsTable)) {
      const option = new Option(`--${setting.flag} <${setting.placeholder}>`, describe(setting));
      command.addOption(option);
    }
    return command.action(async () => {
      exit(await act(readSettings(command.opts(), environment), command));
    });
  };

  add(
    'run',
    'watch the engine and keep nginx in step, until SIGTERM; exit code 0 after SIGTERM, 6 another lbwatch keeps the directory',
    async (settings) => {
      const { run } = await loadEngineCommands();
      await run(settings);
      return 0;
    },
  );
  add(
    'once',
    'one pass; exit code 0 in step, 3 rejected, 4 rolled back, 5 unavailable, 6 another lbwatch keeps the directory',
    async (settings, command) => {
      const { once } = await loadEngineCommands();
      return once(settings, hasFlag(command, 'json'));
    },
  ).option('--json', 'print the outcome as JSON');
  add('render', 'print what would be written', async (settings, command) => {
    const { render } = await loadEngineCommands();
    return render(settings, hasFlag(command, 'diff'));
  }).option('--diff', 'print the difference to what is there; exit code 0 no difference, 1 there is one');
  add(
    'explain [container]',
    'each container, or those of a name, an id or a service: in, waiting or out, in which pool, and why',
    async (settings, command) => {
      const { explain } = await loadEngineCommands();
      return explain(settings, command.args[0], hasFlag(command, 'json'));
    },
  ).option('--json', 'print an array of container, node (of several machines), pool, role, state, address, reason');
  add(
    'status',
    'how everything is, as the running controller says it; exit code 0 in step, 3 rejected, 4 rolled back, 5 unavailable or stale, 1 nobody answers',
    (settings, command) =>
      status(settings, {
        address: readText(command, 'address'),
        isWatching: hasFlag(command, 'watch'),
        isJson: hasFlag(command, 'json'),
      }),
  )
    .option('--watch', 'go on: drawn again on a terminal, elsewhere printed after each change')
    .option('--json', 'print what api/status answers; with --watch, one line each')
    .option('--address <where>', 'PORT, HOST:PORT or URL of a controller elsewhere (what --status says)');
  add('doctor', 'look at socket, directory, site and nginx, and say what to do', async (settings, command) => {
    const { doctor } = await loadEngineCommands();
    return doctor(settings, hasFlag(command, 'json'));
  }).option('--json', 'print the findings as JSON');
  add('drain <container>', 'take a container out, acknowledged by nginx', (settings, command) =>
    drain(settings, command.args[0] ?? '', {
      isWaiting: hasFlag(command, 'wait'),
      timeout: readText(command, 'timeout'),
      isJson: hasFlag(command, 'json'),
    }),
  )
    .option('--wait', 'wait until nginx has no connection to it')
    .option('--timeout <duration>', "the longest wait, such as 30s (the container's lb.drain, else 5m)")
    .option('--json', 'print container, drained, acknowledged, connections (null: unknown), drainMs')
    .addHelpText('after', drainHelp);
  add('undrain <container>', 'end its drain: it joins again when its checks let it', (settings, command) =>
    undrain(settings, command.args[0] ?? '', hasFlag(command, 'json')),
  ).option('--json', 'print container, drained, and its pools with state and reason');
  add('health', 'ask the running controller for its health: the HEALTHCHECK of the image', (settings) =>
    health(settings),
  );
  addOwnFiles(program, environment, exit);
  addManual(program, exit);
  return program;
}

const loadEngineCommands = (): Promise<typeof EngineCommands> => import('./engine-commands.ts');
const loadFileCommands = (): Promise<typeof FileCommands> => import('./file-commands.ts');

const programHelp = `
Every flag is also a variable: --log-format is LBWATCH_LOG_FORMAT. A flag beats its variable.

lbwatch help TOPIC:
${helpTopics.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n')}`;

/** What reads and writes files of the caller's, before anything runs: it has no settings. */
function addOwnFiles(
  program: Command,
  environment: Readonly<Record<string, string | undefined>>,
  exit: (code: number) => void,
): void {
  program
    .command('check [files...]')
    .description('read Compose files before up: what each label would do, and what is in the way')
    .option('--json', 'print pools and findings as JSON')
    .option('--github', 'print findings as annotations of GitHub Actions')
    .option('--no-docker', 'ask neither docker compose nor docker image inspect')
    .addHelpText('after', checkHelp)
    .action(async (files: readonly string[], _options: unknown, command: Command) => {
      const format = hasFlag(command, 'json') ? 'json' : hasFlag(command, 'github') ? 'github' : 'people';
      const { check } = await loadFileCommands();
      exit(await check(files, { format, asksDocker: hasFlag(command, 'docker') }, process.cwd(), environment));
    });
  program
    .command('init [files...]')
    .description('show how a hand-written nginx.conf and Compose file come to be kept by lbwatch, as a difference')
    .option('--write', 'write it, and keep each file as FILE.before-lbwatch')
    .option('--no-docker', 'ask neither docker compose nor docker image inspect')
    .addHelpText('after', initHelp)
    .action(async (files: readonly string[], _options: unknown, command: Command) => {
      const options = { isWriting: hasFlag(command, 'write'), asksDocker: hasFlag(command, 'docker') };
      const { init } = await loadFileCommands();
      exit(await init(files, options, process.cwd(), environment));
    });
}

function addManual(program: Command, exit: (code: number) => void): void {
  program
    .command('completion <shell>')
    .description('print the completion script of bash, zsh or fish')
    .addHelpText('after', completionHelp)
    .action((shell: string) => {
      const names = helpTopics.map(({ name }) => name);
      const script = renderCompletion(shell, program, names);
      if (script !== undefined) say(script);
      else complain(`lbwatch: no completion for "${printable(shell)}"; allowed: ${Object.keys(shells).join(', ')}\n`);
      exit(script === undefined ? 2 : 0);
    });
  program
    .command('help [topic]')
    .description('show help for a command, or one of the topics below')
    .action((wanted: string | undefined) => {
      const topic = helpTopics.find(({ name }) => name === wanted);
      const command = program.commands.find((one) => one.name() === wanted);
      if (topic !== undefined) say(topic.render());
      else if (wanted === undefined || command !== undefined) (command ?? program).outputHelp();
      else complain(`lbwatch: no help on "${printable(wanted)}"; lbwatch help lists commands and topics\n`);
      exit(wanted === undefined || topic !== undefined || command !== undefined ? 0 : 2);
    });
}

function describe({ help, fallback }: { readonly help: string; readonly fallback: string | undefined }): string {
  return fallback === undefined || fallback === '' ? help : `${help} (${fallback})`;
}

function readText(command: Command, name: string): string | undefined {
  const value = command.opts<Record<string, unknown>>()[name];
  return typeof value === 'string' ? value : undefined;
}

function hasFlag(command: Command, name: string): boolean {
  return command.opts<Record<string, unknown>>()[name] === true;
}
