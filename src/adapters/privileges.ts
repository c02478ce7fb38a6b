import { chownSync, statSync } from 'node:fs';

const defaultSocket = '/var/run/docker.sock';
const defaultDirectory = '/etc/nginx/lbwatch';

/**
 * Leaves root behind, where the process was started as root and `LBWATCH_USER` (a uid; set in the image) says whom to
 * become: gives that user the shared directory, joins the group that owns the Docker socket, and drops the rest.
 * Nobody has to look up the socket's group, which differs from host to host. Started as another user, nothing happens.
 */
export function dropPrivileges(environment: Readonly<Record<string, string | undefined>>): void {
  const user = Number(environment['LBWATCH_USER']);
  if (process.getuid?.() !== 0 || !Number.isInteger(user) || user <= 0) return;
  ownDirectory(environment['LBWATCH_DIR'] ?? defaultDirectory, user);
  const engines = environment['LBWATCH_ENGINES'] ?? '';
  const socketGroup = readSocketGroup(engines === '' ? environment['DOCKER_HOST'] : findSocket(engines));
  process.setgroups?.(socketGroup === undefined ? [] : [socketGroup]);
  process.setgid?.(user);
  process.setuid?.(user);
}

/** A volume that nginx's image filled first may belong to root. What cannot be given is told when it is written to. */
function ownDirectory(directory: string, user: number): void {
  try {
    if (statSync(directory).uid !== user) chownSync(directory, user, user);
  } catch {
    // Absent, or without the capability: doctor and the first write say so with the path.
  }
}

/** Of several engines one at most is behind a socket. */
function findSocket(engines: string): string | undefined {
  return engines
    .split(',')
    .map((engine) => engine.trim())
    .find((engine) => engine.startsWith('unix://'));
}

function readSocketGroup(dockerHost: string | undefined): number | undefined {
  const path = dockerHost?.startsWith('unix://') ? dockerHost.slice('unix://'.length) : defaultSocket;
  try {
    return statSync(path).gid;
  } catch {
    // No socket: a TCP host, or an error that the first call will describe.
    return undefined;
  }
}
