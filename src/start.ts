#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

/**
 * V8 is to leave out its optimising compilers. For a process that is at rest nearly always they cost more than they save:
 * their own code and what they make take 8 MiB with ten containers and 16 with a thousand, and their work more processor
 * time than it spares. With ten thousand, a look at everything takes half as long again.
 */
const flags = ['--no-opt', '--no-maglev'];
for (const flag of flags) setFlagsFromString(flag);

// Not before: by the time that all the rest is loaded, some of it would be optimised already.
await import('./main.ts');
