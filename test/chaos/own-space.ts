import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { execa } from 'execa';

import { removeCgroups } from './own-cgroup.ts';

/** What a run finds around it. */
export interface Space {
  /** A folder of the run. */
  readonly directory: string;
  /** Whether it may start an engine of its own, mount, and end processes by their numbers. */
  readonly isOwn: boolean;
}

const images = ['lbwatch/lbwatch', 'lbwatch/nginx', 'lbwatch/flask'];

/** Names the file that `docker save` made, inside the run's folder. */
export const imagesFile = 'images.tar';

// Process 1 reaps what dead engines leave behind, as a shell that waits does. A tmpfs can be filled.
// However the program ended, paused containers (of either version of control groups) would outlive it: what is frozen does
// not even die.
const prepare = `set -e
ip link set lo up
mkdir -p "$0/run" "$0/containerd" "$0/shared" /run/docker /run/containerd
mount --bind "$0/run" /run/docker
mount --bind "$0/containerd" /run/containerd
mount -t tmpfs -o size=1m,mode=0755 lbwatch-chaos "$0/shared"
set +e
"$@"
code=$?
group=$(basename "$0")
for file in /sys/fs/cgroup/freezer/"$group"/*/freezer.state; do [ -e "$file" ] && echo THAWED > "$file"; done
for file in /sys/fs/cgroup/"$group"/*/cgroup.freeze; do [ -e "$file" ] && echo 0 > "$file"; done
exit $code`;

const ownSpace = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** Says why the run cannot have an engine of its own here, or undefined where it can. */
export async function whyNoOwnEngine(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `this is ${process.platform}, and the engine runs in a machine of its own`;
  if (process.getuid?.() !== 0) return 'it takes root to start one';
  for (const program of ['dockerd', 'unshare', 'ip', 'mount']) {
    const found = await execa('sh', ['-c', `command -v ${program}`], { reject: false });
    if (found.exitCode !== 0) return `there is no ${program} here`;
  }
  const attempt = await execa('unshare', [...ownSpace, 'true'], { reject: false, all: true });
  return attempt.exitCode === 0 ? undefined : `no namespaces can be made here: ${attempt.all}`;
}

/**
 * Runs a program in networks, mounts and processes of its own, which all end with it, however it ends; then removes its
 * folder. The program finds the folder's path in CHAOS_DIRECTORY and the images to load in it. Answers the exit code.
 */
export async function runInOwnSpace(
  program: string,
  words: readonly string[],
  interrupted: AbortSignal,
): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'lbw-chaos-'));
  try {
    await execa('docker', ['save', '-o', join(directory, imagesFile), ...images]);
    const inner = spawn('unshare', [...ownSpace, 'sh', '-c', prepare, directory, process.execPath, program, ...words], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // What it makes for itself goes with the folder.
      env: { ...process.env, CHAOS_DIRECTORY: directory, TMPDIR: directory },
    });
    // It hears of it by the channel, tidies up and ends.
    interrupted.addEventListener('abort', () => {
      if (inner.connected) inner.disconnect();
    });
    return await new Promise<number>((resolve, reject) => {
      inner.on('error', reject).on('exit', (code) => {
        resolve(code ?? 1);
      });
    });
  } finally {
    await removeCgroups(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

/** A folder on the machine as it is, beside the engine that everybody uses. */
export async function makeSharedSpace(): Promise<Space> {
  const directory = await mkdtemp(join(tmpdir(), 'lbw-chaos-'));
  await mkdir(join(directory, 'shared'));
  return { directory, isOwn: false };
}
