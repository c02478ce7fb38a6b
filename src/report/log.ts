import { pino } from 'pino';
import type { Logger } from 'pino';
import pretty from 'pino-pretty';

import { printableJson } from '../core/printable.ts';
import { renderLine } from './line.ts';
import type { Level } from './messages.ts';
import type { Told } from './told.ts';

export interface LogOptions {
  readonly format: 'pretty' | 'json';
  readonly level: Level;
  readonly isColoured: boolean;
}

/** The log: what can be written to it is the list of messages.ts, and nothing else. */
export interface Log {
  readonly tell: (told: Told) => void;
  /** From now on everything, or again what the setting says; the log says which. */
  readonly toggleDebug: () => void;
}

/** The log on standard output: JSON, or lines for people who tail them. Written synchronously, so none is lost. */
export function createLog(options: LogOptions): Log {
  const logger = createLogger(options);
  return {
    tell: logTo(logger),
    toggleDebug: () => {
      toggleDebug(logger, options.level);
    },
  };
}

/** Writes down what is told. */
export function logTo(log: Logger): (told: Told) => void {
  return ({ level, message, details = {} }) => {
    log[level](details, message);
  };
}

function createLogger(options: LogOptions): Logger {
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

/** @param usual LBWATCH_LOG_LEVEL; where that is debug already, info is the other one */
function toggleDebug(logger: Logger, usual: Level): void {
  const isOn = logger.level === 'debug';
  const logLevel = isOn ? (usual === 'debug' ? 'info' : usual) : 'debug';
  const line = isOn ? `${logLevel} from here on` : 'debug, until the next SIGUSR2';
  // At debug level, so that it is seen whichever the other level is.
  logger.level = 'debug';
  logTo(logger)({ level: 'info', message: 'log level changed', details: { logLevel, line } });
  logger.level = logLevel;
}
