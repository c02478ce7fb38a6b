import { statSync } from 'node:fs';

import { codeOf, messageOf } from '../core/error-words.ts';

/**
 * What went wrong between us and the engine, and what to do about it.
 *
 * @param host where the engine is, for people
 */
export function describeEngineError(error: unknown, host: string): string {
  const code = codeOf(error);
  switch (code) {
    case 'ENOENT':
      return `there is no Docker socket at ${host}; mount it (-v /var/run/docker.sock:/var/run/docker.sock) or set DOCKER_HOST`;
    case 'EACCES':
      return `permission denied on ${host}; ${describeSocketGroup(host)}`;
    case 'ECONNREFUSED':
      return `nobody answers at ${host}; the engine is down, or it was restarted and the mounted socket file went stale (mount its folder, or restart lbwatch)`;
    case 'ECONNRESET':
      return `${host} hung up; the engine, or a proxy before it, is restarting`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host of ${host} has no address; look at DOCKER_HOST and the DNS`;
    default: {
      if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
        return `${host} did not answer in time`;
      }
      return describeTlsError(String(code), messageOf(error), host) ?? describeOther(error, host);
    }
  }
}

/** What a person writes so that this process may use the socket. */
function describeSocketGroup(host: string): string {
  try {
    const gid = String(statSync(host.replace(/^unix:\/\//, '')).gid);
    return `it belongs to group ${gid}: write group_add: ['${gid}'] beside user: in the Compose file (DOCKER_GID=${gid} where it is taken from there), or leave both out`;
  } catch {
    // Its folder is closed to this user, too.
    return 'run as a user of the group that owns the socket (group_add in Compose; its number: stat -c %g /var/run/docker.sock)';
  }
}

/** Codes of Node's `tls`, and OpenSSL's, which come as a code or, with `EPROTO`, in the message. */
function describeTlsError(code: string, message: string, host: string): string | undefined {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the certificate of ${host} is for another name; use a name or address that it is for in DOCKER_HOST`;
  }
  if (code === 'CERT_HAS_EXPIRED') return `the certificate of ${host}, or the one that signed it, has expired`;
  if (isUnknownSigner.test(code)) {
    return `the certificate of ${host} is not signed by ca.pem in DOCKER_CERT_PATH (${code})`;
  }
  const isOpenSsl = code === 'EPROTO' || code.startsWith('ERR_SSL_');
  if (isOpenSsl && /_ALERT_|\balert\b/.test(`${code} ${message}`)) {
    return `${host} refuses the certificate cert.pem in DOCKER_CERT_PATH (${code})`;
  }
  if (isOpenSsl && /wrong.version.number|packet.length.too.long/i.test(`${code} ${message}`)) {
    return `${host} does not speak TLS; unset DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or use its TLS port`;
  }
  return undefined;
}

const isUnknownSigner =
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_SIGNATURE_FAILURE)$/;

function describeOther(error: unknown, host: string): string {
  const message = messageOf(error);
  // The words of Go's HTTP server.
  if (message.includes('HTTP request to an HTTPS server')) {
    return `${host} wants TLS; set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH`;
  }
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 403) {
    return `${message.trim()}; let the proxy before the engine allow this call (SECURITY.md lists those that are needed), or, where nginx is to be acted on, share its pid namespace (examples/socket-proxy)`;
  }
  return message;
}
