import type { knownLabels } from '../core/labels.ts';

/** What one label may say, in words, with `code` in backticks. */
export interface LabelEntry {
  readonly value: string;
  readonly fallback: string;
}

/** The manual of the labels: the README's table and `lbwatch help labels` are made of it. */
export const labelManual: Readonly<Record<(typeof knownLabels)[number], LabelEntry>> = {
  'lb.pool': { value: '`name[:port]`, comma-separated: primary member of these pools', fallback: '–' },
  'lb.backup': {
    value:
      '`name[:port]`, comma-separated: backup member of these pools; or `true`: makes the memberships of `lb.pool` backups',
    fallback: '–',
  },
  'lb.port': {
    value: 'the port, where an entry names none',
    fallback: 'the only exposed tcp port; else `PORT` of the environment, where it is one of the exposed',
  },
  'lb.network': {
    value: 'the network (real or Compose name) whose address nginx uses',
    fallback: 'the one shared with nginx; of several the first by name',
  },
  'lb.weight': { value: '1 to 65535', fallback: "nginx's: 1" },
  'lb.max_fails': { value: '0 to 65535', fallback: "nginx's: 1" },
  'lb.fail_timeout': { value: 'a duration such as `10s`', fallback: "nginx's: 10s" },
  'lb.max_conns': { value: '0 to 1000000; 0 is no limit', fallback: "nginx's: 0" },
  'lb.protocol': {
    value: 'of the pool: `http`, `tcp` or `udp`; a member that says otherwise than the oldest stays out',
    fallback: '`http`',
  },
  'lb.method': {
    value:
      'of the pool: `round_robin`, `least_conn`, `ip_hash`, `hash <key> [consistent]`, `random [two [least_conn]]`',
    fallback: '`round_robin`',
  },
  'lb.keepalive': { value: 'of the pool: idle connections each worker keeps; 0 for none', fallback: '32' },
  'lb.check': {
    value:
      '`http`: its port must answer, and any answer must come to a request when requests pile up in nginx; `http:/path`: a GET must answer 2xx or 3xx; `tcp`: its port must answer; `docker`: its `HEALTHCHECK` must pass; `none`: running is enough',
    fallback: '`docker` where the image has a `HEALTHCHECK`, else `http`; in tcp pools `tcp`',
  },
  'lb.check.interval': {
    value: 'the pause between checks, `100ms` to `1h`',
    fallback: '`2s`; with more than 40 members longer, so that 20 checks a second are made in all',
  },
  'lb.check.timeout': { value: 'the longest wait for an answer', fallback: '`1s`' },
  'lb.check.rise': { value: 'successes in a row that bring a failed member back; a new one needs one', fallback: '2' },
  'lb.check.fall': { value: 'failures in a row that take a member out', fallback: '2' },
  'lb.drain': {
    value: 'how long a member that was told to stop is taken for leaving; if it still runs then, it serves again',
    fallback: '`5m`',
  },
  'lb.nginx': {
    value: '`true`: this container is the nginx to keep in step; or `false`',
    fallback: 'the service named `nginx`',
  },
};
