import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

const timeoutMs = 5000;

/** A client of test/apps/echo over one tcp connection. */
export class EchoConnection {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  static async open(port: number): Promise<EchoConnection> {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('timeout', () => socket.destroy(new Error(`no answer within ${String(timeoutMs / 1000)} s`)));
    await once(socket, 'connect');
    return new EchoConnection(socket);
  }

  /** Who answers a line; throws where the connection has ended, or the answer is not the line. */
  async ask(line: string): Promise<string> {
    this.#socket.setTimeout(timeoutMs);
    this.#socket.write(`${line}\n`);
    const next = await this.#lines.next();
    // Between two lines it may be idle for as long as it likes.
    this.#socket.setTimeout(0);
    if (next.done === true) throw new Error('the connection was closed');
    const [name = '', echoed] = next.value.split(' ');
    if (echoed !== line) throw new Error(`an answer that is not the line sent: ${next.value}`);
    return name;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Who answers on a connection of its own. */
async function askEcho(port: number): Promise<string> {
  const connection = await EchoConnection.open(port);
  try {
    return await connection.ask('hello');
  } finally {
    connection.close();
  }
}

/** The different members that answered so many connections, one after the other. */
export async function echoMembers(port: number, connections: number): Promise<readonly string[]> {
  const names = new Set<string>();
  for (let count = 0; count < connections; count += 1) names.add(await askEcho(port));
  return [...names].sort();
}

/** Connections one after the other for as long as something else happens. */
export class SteadyEcho {
  readonly #stopping = new AbortController();
  readonly #done: Promise<{ readonly answered: number; readonly failures: readonly string[] }>;

  constructor(port: number, everyMs = 15) {
    this.#done = this.#ask(port, everyMs);
  }

  /** What became of them all. */
  stop(): Promise<{ readonly answered: number; readonly failures: readonly string[] }> {
    this.#stopping.abort();
    return this.#done;
  }

  async #ask(port: number, everyMs: number): Promise<{ readonly answered: number; readonly failures: string[] }> {
    let answered = 0;
    const failures: string[] = [];
    while (!this.#stopping.signal.aborted) {
      await askEcho(port).then(
        () => (answered += 1),
        (error: unknown) => failures.push(String(error)),
      );
      await pause(everyMs);
    }
    return { answered, failures };
  }
}

/** Who answers a datagram; throws where nobody does within the time. */
export async function askDatagram(port: number, withinMs: number): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.send('hello');
    const messages: readonly unknown[] = await once(socket, 'message', { signal: AbortSignal.timeout(withinMs) });
    const data = String(messages[0]);
    const [name = '', echoed] = data.split(' ');
    if (echoed !== 'hello') throw new Error(`an answer that is not the datagram sent: ${data}`);
    return name;
  } finally {
    socket.close();
  }
}
