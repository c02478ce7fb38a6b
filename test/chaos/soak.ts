import { pools } from './operations.ts';
import { perform } from './perform.ts';
import { compareThirds, readFootprint } from './readings.ts';
import type { Footprint } from './readings.ts';
import { settle } from './settle.ts';
import type { ChaosStack } from './stack.ts';

const wantedEvents = 10_000;
/** Growth of either beyond this is no noise. */
const mostGrowthMb = 25;
const mostGrowthFiles = 5;

/**
 * One controller sees many events: members are stopped, started and renamed, and the proxy makes of each event many, each a
 * little later than the one before. Its memory and its open files must stay as they are. Answers the exit code.
 */
export async function soak(
  stack: ChaosStack,
  interrupted: AbortSignal,
  tell: (line: string) => void,
  isJson: boolean,
): Promise<number> {
  await perform(stack, { kind: 'relabel', slot: 'm1', profile: 'alpha', networks: ['default'] });
  await perform(stack, { kind: 'relabel', slot: 'm2', profile: 'alpha', networks: ['default'] });
  await perform(stack, { kind: 'relabel', slot: 'm3', profile: 'beta', networks: ['default'] });
  await settle(stack, undefined);
  const { State } = await stack.need('lbwatch');
  const seen: Footprint[] = [];
  const read = async (): Promise<void> => {
    const footprint = await readFootprint(State.Pid);
    if (footprint !== undefined) seen.push(footprint);
  };
  await read();
  const before = stack.proxy.forwarded;
  let round = 0;
  while (stack.proxy.forwarded - before < wantedEvents && !interrupted.aborted) {
    round += 1;
    await stack.proxy.turn('multiply events');
    const slot = round % 2 === 0 ? 'm1' : 'm3';
    for (const kind of ['rename', 'pause', 'unpause', 'restart', 'rename'] as const)
      await perform(stack, { kind, slot });
    await stack.proxy.turn('pass');
    await read();
    if (round % 10 === 0) tell(`${String(stack.proxy.forwarded - before)} events, ${describe(seen.at(-1))}`);
  }
  const events = stack.proxy.forwarded - before;
  const { look } = await settle(stack, undefined);
  const isSame = (await stack.need('lbwatch')).State.Pid === State.Pid;
  const rssMb = compareThirds(seen.map((one) => one.rssMb));
  const openFiles = compareThirds(seen.map((one) => one.openFiles));
  const faults = [
    ...look.differences,
    ...(isSame ? [] : ['the controller ended on the way']),
    ...(rssMb === undefined || openFiles === undefined ? ['its memory and files cannot be read here'] : []),
    ...(rssMb !== undefined && rssMb.last - rssMb.first > mostGrowthMb ? ['its memory grew'] : []),
    ...(openFiles !== undefined && openFiles.last - openFiles.first > mostGrowthFiles ? ['its open files grew'] : []),
  ];
  tell(`at the start ${describe(seen[0])}; at the end ${describe(seen.at(-1))}`);
  if (rssMb !== undefined && openFiles !== undefined) {
    tell(
      `medians of the first and of the last third: ${rssMb.first.toFixed(0)} and ${rssMb.last.toFixed(0)} MB, ` +
        `${String(openFiles.first)} and ${String(openFiles.last)} open files`,
    );
  }
  for (const fault of faults) tell(`✗ ${fault}`);
  if (isJson) process.stdout.write(`${JSON.stringify({ events, pools, rssMb, openFiles, faults }, null, 2)}\n`);
  tell(`${String(events)} events, ${faults.length === 0 ? 'flat' : `${String(faults.length)} faults`}`);
  return faults.length === 0 && !interrupted.aborted ? 0 : 1;
}

function describe(footprint: Footprint | undefined): string {
  return footprint === undefined
    ? 'unknown'
    : `${footprint.rssMb.toFixed(0)} MB, ${String(footprint.openFiles)} open files`;
}
