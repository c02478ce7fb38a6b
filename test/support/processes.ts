import type { Compose } from './compose.ts';

/** What the kernel says of one process: `/proc/PID/status`, by the names there. */
export type ProcessStatus = ReadonlyMap<string, string>;

/** The status of the controller, wherever it is among the processes that its container sees. */
export async function readControllerStatus(compose: Compose, service: string): Promise<ProcessStatus> {
  // The pattern does not find the command line that it stands in itself.
  const script = `for p in /proc/[0-9]*; do
    if tr '\\0' ' ' <$p/cmdline | grep -q '[l]bwatch run'; then cat $p/status; fi
  done`;
  const text = await compose.exec(service, 'sh', '-c', script);
  const lines = text.split('\n').map((line) => line.split(':\t'));
  const status = new Map(lines.map(([name = '', value = '']) => [name, value.trim()]));
  if (!status.has('Uid')) throw new Error(`no controller runs in ${service}:\n${text}`);
  return status;
}

/** Ends a process of a service's container as a crash does: from outside, which not even a first process withstands. */
export async function crash(compose: Compose, service: string, title: RegExp): Promise<void> {
  const [container] = await compose.running(service);
  if (container === undefined) throw new Error(`${service} does not run`);
  const { stdout } = await compose.docker('top', container.id, '-eo', 'pid,args');
  const line = stdout.split('\n').find((process) => title.test(process));
  const pid = /^\s*(\d+)/.exec(line ?? '')?.[1];
  if (pid === undefined) throw new Error(`no such process in ${service}:\n${stdout}`);
  const words = ['run', '--rm', '--pid', 'host', '--user', '0', '--network', 'none', '--entrypoint', 'sh'];
  const killed = await compose.docker(...words, 'lbwatch/flask', '-c', `kill -s KILL ${pid}`);
  if (!killed.ok) throw new Error(killed.output);
}
