import { readFileSync, readdirSync } from 'node:fs';

import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/**
 * The process itself, by the names that Prometheus' clients agree on (prometheus.io, "Writing client libraries", process
 * metrics). prom-client's own come only all together: its watch over the event loop wakes an idle process a hundred times
 * a second.
 */
export function addProcessMetrics(registry: Registry, version: string): void {
  const registers = [registry];
  new Gauge({
    name: 'lbwatch_build_info',
    help: 'Always 1: which lbwatch this is, and which Node.js runs it.',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version, node_version: process.versions.node }, 1);
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process began, Unix time.',
    registers,
  }).set(Math.round(Date.now() / 1000 - process.uptime()));
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time, in user mode and in the kernel.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory that is resident.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'nodejs_heap_used_bytes',
    help: 'Memory that JavaScript objects take.',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  addFileMetrics(registers);
}

/** Of Linux only: they are left out elsewhere. */
function addFileMetrics(registers: Registry[]): void {
  const limit = readFileLimit();
  if (limit === undefined) return;
  new Gauge({
    name: 'process_open_fds',
    help: 'Open files and sockets.',
    registers,
    collect() {
      // One of them is the folder that is being read.
      this.set(readdirSync('/proc/self/fd').length - 1);
    },
  });
  new Gauge({
    name: 'process_max_fds',
    help: 'So many of them may be open.',
    registers,
  }).set(limit);
}

function readFileLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
