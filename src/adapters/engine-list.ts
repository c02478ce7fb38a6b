import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { printable } from '../core/printable.ts';
import { readDockerHost, tlsPort } from './docker-host.ts';
import type { DockerHost, Environment } from './docker-host.ts';

const variable = 'LBWATCH_ENGINES';

/**
 * Reads LBWATCH_ENGINES: each as DOCKER_HOST would be, with certificates of its own where DOCKER_CERT_PATH has a folder that
 * is called like the host. Answers what is wrong, in one line, where something is.
 *
 * @param texts one engine each
 */
export function readEngines(texts: readonly string[], environment: Environment): readonly DockerHost[] | string {
  const hosts: DockerHost[] = [];
  for (const text of texts) {
    const host = readDockerHost(environmentFor(text, environment), variable);
    if (typeof host === 'string') return host;
    if (hosts.some(({ name }) => name === host.name)) return `${variable} names ${printable(host.name)} twice`;
    hosts.push(host);
  }
  const locals = hosts.filter(({ tcp }) => tcp === undefined).map(({ name }) => printable(name));
  if (locals.length > 1) {
    return `${variable} has several sockets (${locals.join(', ')}), and one at most can be this machine's engine; write tcp://HOST:PORT for others: members are reached at that host`;
  }
  return hosts;
}

/** What DOCKER_HOST and its companions would be for this engine alone. */
function environmentFor(text: string, environment: Environment): Environment {
  const alone = { ...environment, DOCKER_HOST: text };
  const folder = environment['DOCKER_CERT_PATH'] ?? '';
  const [, host = '', port = ''] = /^(?:tcp:\/\/)?\[?([\w.:-]+?)\]?:([0-9]+)\/?$/.exec(text) ?? [];
  if (folder === '' || host === '') return alone;
  const own = join(folder, host);
  // No name of a host, but a way to another folder.
  if (!/^\.+$/.test(host) && existsSync(own)) return { ...alone, DOCKER_CERT_PATH: own };
  // A folder of folders says nothing of a host that has none.
  const isAsked = (environment['DOCKER_TLS_VERIFY'] ?? '') !== '' || Number(port) === tlsPort;
  return isAsked || existsSync(join(folder, 'ca.pem')) ? alone : { ...alone, DOCKER_CERT_PATH: undefined };
}
