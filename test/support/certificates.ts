import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';

/** What `openssl` made: files in PEM, as Docker's clients and servers name them. */
export interface MadeCertificates {
  /** A client's folder: ca.pem, cert.pem, key.pem. */
  readonly client: string;
  readonly server: { readonly ca: string; readonly cert: string; readonly key: string };
}

/**
 * Makes a certificate authority, a server's certificate for an address, and a client's, for a day.
 *
 * @param directory an existing, empty folder, which becomes the client's
 */
export async function makeCertificates(directory: string, address: string): Promise<MadeCertificates> {
  const at = (name: string): string => join(directory, name);
  const openssl = (words: string): Promise<unknown> => execa('openssl', words.split(' '), { cwd: directory });
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  await openssl(`req -x509 ${key} -days 1 -subj /CN=ca -keyout ca-key.pem -out ca.pem`);
  const issue = async (prefix: string, extensions: string): Promise<void> => {
    const request = at(`${prefix}request.pem`);
    const rules = at(`${prefix}rules.txt`);
    await writeFile(rules, extensions);
    await openssl(`req ${key} -subj /CN=lbwatch -keyout ${prefix}key.pem -out ${request}`);
    const signed = `-CA ca.pem -CAkey ca-key.pem -CAcreateserial -extfile ${rules}`;
    await openssl(`x509 -req -days 1 -in ${request} ${signed} -out ${prefix}cert.pem`);
  };
  await issue('server-', `subjectAltName=IP:${address}\nextendedKeyUsage=serverAuth\n`);
  await issue('', 'extendedKeyUsage=clientAuth\n');
  // As user 10001 reads it in the controller's container.
  await execa('chmod', ['0644', 'ca.pem', 'cert.pem', 'key.pem'], { cwd: directory });
  return {
    client: directory,
    server: { ca: at('ca.pem'), cert: at('server-cert.pem'), key: at('server-key.pem') },
  };
}
