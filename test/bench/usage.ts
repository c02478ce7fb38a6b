import { readFileSync, readdirSync } from 'node:fs';

/** Processor time that a process has used so far, in ms, of all its threads (`/proc/PID/task/TID/schedstat`, proc(5)). */
export function readCpuMs(pid: number): number {
  const tasks = `/proc/${String(pid)}/task`;
  return readdirSync(tasks).reduce((sumMs, task) => {
    const [ranNs = '0'] = read(`${tasks}/${task}/schedstat`).split(' ');
    return sumMs + Number(ranNs) / 1e6;
  }, 0);
}

/** Memory of a process that is in RAM now, in MiB. */
export function readRssMiB(pid: number): number {
  return Number(/^VmRSS:\s+([0-9]+) kB$/m.exec(read(`/proc/${String(pid)}/status`))?.[1] ?? 'NaN') / 1024;
}

/** Bytes that a process has read so far, from files and connections (`/proc/PID/io`, proc(5)). */
export function countReadBytes(pid: number): number {
  return Number(/^rchar: ([0-9]+)$/m.exec(read(`/proc/${String(pid)}/io`))?.[1] ?? 'NaN');
}

/** How many file descriptors a process has open. */
export function countOpenFiles(pid: number): number {
  return readdirSync(`/proc/${String(pid)}/fd`).length;
}

/** A task may end between the list and the look. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
