import { pino } from 'pino';
import type { Logger } from 'pino';
import pretty from 'pino-pretty';

import { printableJson } from '../core/printable.ts';
import { renderLine } from './line.ts';
import type { Told } from './told.ts';

export interface LogOptions {
  readonly format: 'pretty' | 'json';
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly isColoured: boolean;
}

/** A pino logger on standard output: JSON, or lines for people who tail them. Written synchronously, so none is lost. */
export function createLog(options: LogOptions): Logger {
  const settings = { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (options.format === 'json') {
    return pino({ ...settings, hooks: { streamWrite: printableJson } }, pino.destination({ dest: 1, sync: true }));
  }
  return pino(
    settings,
    pretty({
      colorize: options.isColoured,
      translateTime: 'SYS:HH:MM:ss.l',
      hideObject: true,
      messageFormat: (record) => renderLine(record),
      sync: true,
    }),
  );
}

/** Writes down what is told. */
export function logTo(log: Logger): (told: Told) => void {
  return ({ level, message, details = {} }) => {
    log[level](details, message);
  };
}
