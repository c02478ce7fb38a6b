import { execa } from 'execa';

/** What wrk measured. */
export interface Throughput {
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  /** Answers that were no success, and connections that broke. */
  readonly errors: number;
}

export interface WrkPlan {
  /** Whose network: this machine's, or a container's. */
  readonly from: 'machine' | { readonly container: string };
  /** Of 127.0.0.1 there. */
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Whether there is a wrk to measure with: test/setup says so. */
export function hasWrk(): boolean {
  return (process.env['LAB_WRK'] ?? '') !== '';
}

/** Sends as much as is answered, for some seconds, to 127.0.0.1. */
export async function runWrk({ from, port, connections, seconds }: WrkPlan): Promise<Throughput> {
  const wrk = [
    process.env['LAB_WRK'] ?? 'wrk',
    ...['-t', '1', '-c', String(connections), '-d', `${String(seconds)}s`, '--latency'],
    `http://127.0.0.1:${String(port)}/`,
  ];
  const command = [`LD_LIBRARY_PATH=${process.env['LAB_WRK_LIBRARIES'] ?? ''}`, ...wrk];
  const { stdout } =
    from === 'machine' ? await execa('env', command) : await execa('docker', [...within(from.container), ...command]);
  return readWrk(stdout);
}

/** This machine's programs in a container's network: a second container that sees all files, and changes none. */
function within(container: string): readonly string[] {
  const see = ['--network', `container:${container}`, '--volume', '/:/machine:ro'];
  return ['run', '--rm', ...see, '--entrypoint', 'chroot', 'lbwatch/nginx', '/machine', 'env'];
}

/** Reads what `wrk --latency` prints; throws where it is something else. Pure. */
export function readWrk(output: string): Throughput {
  const [, requests] = /^Requests\/sec:\s+([0-9.]+)$/m.exec(output) ?? [];
  const [, p99, unit = ''] = /^\s+99%\s+([0-9.]+)(us|ms|s|m)$/m.exec(output) ?? [];
  const factor = unitsMs.get(unit);
  if (requests === undefined || p99 === undefined || factor === undefined) {
    throw new Error(`wrk printed something else: ${output.slice(0, 200)}`);
  }
  const [, bad = '0'] = /^\s+Non-2xx or 3xx responses: ([0-9]+)$/m.exec(output) ?? [];
  const [, socketErrors = ''] = /^\s+Socket errors: (.*)$/m.exec(output) ?? [];
  const broken = [...socketErrors.matchAll(/[0-9]+/g)].reduce((sum, [count]) => sum + Number(count), 0);
  return { requestsPerSecond: Number(requests), p99Ms: Number(p99) * factor, errors: Number(bad) + broken };
}

const unitsMs: ReadonlyMap<string, number> = new Map([
  ['us', 0.001],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
]);
