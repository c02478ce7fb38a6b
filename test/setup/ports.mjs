import net from 'node:net';
import { root } from './clone.mjs';
import { run } from './run.mjs';
import { SetupError } from './setup-error.mjs';

/**
 * Throws a SetupError where a port of this machine is taken, with who has it and the variable that chooses another. Our
 * own running stack may have it.
 * @param {number} port
 * @param {string} variable such as HTTP_PORT
 */
export async function requireFreePort(port, variable) {
  const container = await findPublisher(port);
  if (container?.folder === root) return;
  if (container === undefined && (await canListen(port))) return;
  const holder = container === undefined ? await findListener(port) : `the container ${container.name}`;
  throw new SetupError(
    `port ${port} is taken${holder === undefined ? '' : ` by ${holder}`}; ${variable} chooses another`,
    [`  ${variable}=${port < 1024 ? port + 8000 : port + 1} npm run demo`],
  );
}

/**
 * The running container that publishes the port, and the folder of its Compose project.
 * @param {number} port
 */
async function findPublisher(port) {
  const format = '{{.Names}}\t{{.Label "com.docker.compose.project.working_dir"}}';
  const { code, stdout } = await run('docker', ['ps', '--filter', `publish=${port}`, '--format', format]);
  const [name = '', folder = ''] = (stdout.split('\n')[0] ?? '').split('\t');
  return code === 0 && name !== '' ? { name, folder } : undefined;
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function canListen(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      // Not allowed is not taken: the engine may be allowed.
      resolve(error.code !== 'EADDRINUSE');
    });
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** @param {number} port */
async function findListener(port) {
  const { stdout } = await run('ss', ['-Hltnp', `sport = :${port}`]);
  const [, name, pid] = /\("([^"]+)",pid=(\d+)/.exec(stdout) ?? [];
  return name === undefined ? undefined : `${name} (process ${pid})`;
}
