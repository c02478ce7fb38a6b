import { once } from 'node:events';
import { readdirSync } from 'node:fs';

import { eventually } from './eventually.ts';

/** What a process needs, after everything that can be collected was. */
export interface Needs {
  /** Of the heap, and of buffers beside it, in bytes. */
  readonly usedBytes: number;
  readonly rssBytes: number;
  readonly openFiles: number;
}

/**
 * What a Node process needs now: asks it through its debugger, which it was started with (`--inspect=127.0.0.1:PORT`), to
 * collect its garbage first.
 */
export async function measure(pid: number, port: number): Promise<Needs> {
  const socket = new WebSocket(await findDebugger(port));
  await once(socket, 'open');
  try {
    await ask(socket, 1, 'HeapProfiler.collectGarbage', {});
    const expression = '(({heapUsed, external, rss}) => `${heapUsed + external} ${rss}`)(process.memoryUsage())';
    const answer = await ask(socket, 2, 'Runtime.evaluate', { expression });
    const [usedBytes = Number.NaN, rssBytes = Number.NaN] = (/"value":"([0-9 ]+)"/.exec(answer)?.[1] ?? '')
      .split(' ')
      .map(Number);
    return { usedBytes, rssBytes, openFiles: readdirSync(`/proc/${String(pid)}/fd`).length };
  } finally {
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  }
}

function findDebugger(port: number): Promise<string> {
  return eventually(
    'the debugger answers',
    async () => {
      const said = await (await fetch(`http://127.0.0.1:${String(port)}/json/list`)).text();
      const url = /"webSocketDebuggerUrl": *"([^"]+)"/.exec(said)?.[1];
      if (url === undefined) throw new Error(said);
      return url;
    },
    { withinMs: 5000 },
  );
}

async function ask(socket: WebSocket, id: number, method: string, params: object): Promise<string> {
  const answered = new Promise<string>((resolve) => {
    const listen = ({ data }: MessageEvent): void => {
      const text = String(data);
      if (!text.includes(`"id":${String(id)}`)) return;
      socket.removeEventListener('message', listen);
      resolve(text);
    };
    socket.addEventListener('message', listen);
  });
  socket.send(JSON.stringify({ id, method, params }));
  return answered;
}
