import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { messageOf } from '../core/error-words.ts';
import { printable } from '../core/printable.ts';

/** Where the engine is, and what a connection to it needs. */
export interface DockerHost {
  /** For people: what the setting says, else the default socket. */
  readonly name: string;
  readonly socketPath: string | undefined;
  readonly tcp: TcpHost | undefined;
}

export interface TcpHost {
  /** A name or an address, IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
  readonly tls: Certificates | undefined;
}

/** Texts in PEM: whom to believe, and who we are. */
interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const allowed = 'allowed: unix:///PATH/OF/docker.sock, or tcp://HOST:PORT';

/** The port that engines speak TLS on (IANA's `docker-s`). */
export const tlsPort = 2376;

/**
 * Reads DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, and the certificates that they name, as Docker's own clients
 * do: TLS where one of the two latter is set, or the port says so. Unlike them it never talks to an engine that it cannot
 * verify. Answers what is wrong, in one line, where something is.
 *
 * @param variable the one that says where the engine is, for people
 */
export function readDockerHost(environment: Environment, variable = 'DOCKER_HOST'): DockerHost | string {
  const name = environment['DOCKER_HOST'] ?? '';
  if (name === '') return { name: '/var/run/docker.sock', socketPath: undefined, tcp: undefined };
  const refused = (why: string): string => `${variable} is "${printable(name)}"; ${why}`;
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(name) ?? [];
  switch (scheme) {
    case 'unix':
      // Alone it means the default, as for Docker's own client.
      if (rest === '') return { name: '/var/run/docker.sock', socketPath: undefined, tcp: undefined };
      return rest.startsWith('/') ? { name, socketPath: rest, tcp: undefined } : refused(allowed);
    case 'tcp':
    case 'http':
      break;
    case 'ssh':
      return refused(
        'lbwatch does not speak ssh: forward the socket (ssh -L /run/docker-far.sock:/var/run/docker.sock), or use tcp:// with TLS',
      );
    case 'https':
      return refused('write tcp:// and set DOCKER_TLS_VERIFY=1');
    default:
      return refused(allowed);
  }
  const address = parseAddress(rest);
  if (address === undefined) return refused(allowed);
  const tls = readTls(environment, address.port);
  if (typeof tls === 'string') return tls;
  return { name, socketPath: undefined, tcp: { ...address, tls } };
}

/** `host:port`, `1.2.3.4:port` or `[::1]:port`, and nothing that follows it. */
function parseAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, host = '', port = ''] = /^([\w.-]+|\[[0-9a-fA-F:]+\]):([1-9][0-9]{0,4})\/?$/.exec(text) ?? [];
  return host === '' || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}

function readTls(environment: Environment, port: number): Certificates | string | undefined {
  const folder = environment['DOCKER_CERT_PATH'] ?? '';
  const isAsked = (environment['DOCKER_TLS_VERIFY'] ?? '') !== '';
  if (folder === '') {
    if (!isAsked && port !== tlsPort) return undefined;
    const why = isAsked ? 'DOCKER_TLS_VERIFY is set' : `port ${String(tlsPort)} speaks TLS`;
    return `${why}, and DOCKER_CERT_PATH is not; set it to the folder with ca.pem, cert.pem and key.pem`;
  }
  try {
    const ca = readPem(folder, 'ca.pem', (text) => new X509Certificate(text));
    const cert = readPem(folder, 'cert.pem', (text) => new X509Certificate(text));
    const key = readPem(folder, 'key.pem', (text) => createPrivateKey(text));
    if (!cert.parsed.checkPrivateKey(key.parsed)) {
      return `${key.path} is not the key of ${cert.path} (DOCKER_CERT_PATH)`;
    }
    return { ca: ca.text, cert: cert.text, key: key.text };
  } catch (error) {
    if (error instanceof BadPem) return error.message;
    throw error;
  }
}

/** A certificate or key that cannot be used. The message names the file. */
class BadPem extends Error {}

function readPem<T>(
  folder: string,
  file: string,
  parse: (text: string) => T,
): { readonly path: string; readonly text: string; readonly parsed: T } {
  const path = join(folder, file);
  const user = String(process.getuid?.() ?? 'unknown');
  const text = attempt(
    () => readFileSync(path, 'utf8'),
    (why) => `cannot read ${printable(path)} as user ${user} (DOCKER_CERT_PATH): ${why}`,
  );
  const parsed = attempt(
    () => parse(text),
    (why) => `${printable(path)} cannot be used (DOCKER_CERT_PATH): ${why}`,
  );
  return { path, text, parsed };
}

function attempt<T>(act: () => T, describe: (why: string) => string): T {
  try {
    return act();
  } catch (error) {
    throw new BadPem(describe(printable(messageOf(error))), { cause: error });
  }
}
