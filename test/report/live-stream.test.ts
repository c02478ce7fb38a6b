import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { mostListeners } from '../../src/report/live-stream.ts';
import { container } from '../support/container.ts';
import { eventually } from '../support/eventually.ts';
import { StatusLab } from '../support/status-lab.ts';
import '../support/native-errors.ts';

const patience = { withinMs: 5000, everyMs: 5 };
const app = (name = 'shop-app-1'): ReturnType<typeof container> => container({ name, labels: { 'lb.pool': 'app' } });

let lab: StatusLab;
let base: string;
let stop: () => Promise<void>;
const listeners: Listener[] = [];
beforeEach(async () => {
  lab = new StatusLab();
  ({ base, stop } = await lab.serve());
});
afterEach(async () => {
  for (const listener of listeners.splice(0)) listener.hangUp();
  await stop();
});

/** One message of a stream. */
interface Message {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** Somebody who listens to a stream, and what has come. */
class Listener {
  readonly response: IncomingMessage;
  #text = '';
  isOver = false;

  constructor(response: IncomingMessage, reads: boolean) {
    this.response = response;
    const end = (): void => {
      this.isOver = true;
    };
    response.on('close', end).on('error', end);
    if (reads) this.readOn();
  }

  readOn(): void {
    this.response.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text += chunk;
    });
  }

  get text(): string {
    return this.#text;
  }

  /** Whole messages so far, without comments. */
  get messages(): readonly Message[] {
    return this.#text
      .split('\n\n')
      .slice(0, -1)
      .filter((block) => !block.startsWith(':'))
      .map((block) => {
        const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        const data: unknown = JSON.parse(field('data') ?? 'null');
        return { event: field('event'), id: field('id'), data };
      });
  }

  events(kind: string): readonly Message[] {
    return this.messages.filter(({ event }) => event === kind);
  }

  hangUp(): void {
    this.response.destroy();
  }
}

async function listen(query = '', { reads = true, headers = {} } = {}): Promise<Listener> {
  const asked = get(`${base}/api/stream${query}`, { headers, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve).on('error', reject);
  });
  const listener = new Listener(response, reads);
  listeners.push(listener);
  return listener;
}

function until(what: string, check: () => void): Promise<void> {
  return eventually(what, check, patience);
}

describe('a stream', () => {
  test('begins with how it is, and what happened before', async () => {
    lab.report({ kind: 'watching' });
    lab.pass([app()]);
    const listener = await listen();
    expect(listener.response.statusCode).toBe(200);
    expect(listener.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    await until('all has come', () => {
      expect(listener.messages.map(({ event }) => event)).toEqual(['status', 'timeline', 'timeline']);
    });
    expect(listener.messages[0]?.data).toEqual(lab.board.read());
    expect(listener.events('timeline').map(({ data }) => data)).toEqual(lab.timeline.after(0));
    expect(listener.events('timeline').map(({ id }) => Number(id))).toEqual(lab.timeline.after(0).map(({ id }) => id));
  });

  test.each(['query', 'header'])('goes on after the last event seen (%s)', async (how) => {
    lab.report({ kind: 'watching' });
    lab.pass([app()]);
    const [first, second] = lab.timeline.after(0);
    const id = String(first?.id);
    // A browser repeats the address and tells what it has seen since.
    const listener = await (how === 'query'
      ? listen(`?after=${id}`)
      : listen('?after=1', { headers: { 'last-event-id': id } }));
    await until('the rest has come', () => {
      expect(listener.events('timeline').map(({ data }) => data)).toEqual([second]);
    });
  });

  test('brings what happens at once, and how it is four times a second at most', async () => {
    const listener = await listen();
    await until('it begins', () => {
      expect(listener.events('status')).toHaveLength(1);
    });
    lab.pass([app('a')]);
    await until('the event has come', () => {
      expect(listener.events('timeline')).toHaveLength(1);
    });
    await lab.clock.advance(0);
    await until('the document has come', () => {
      expect(listener.events('status')).toHaveLength(2);
    });
    for (const name of ['b', 'c', 'd'])
      lab.pass([app(name)], { outcome: { kind: 'applied', reloaded: ['n'], generations: 0 } });
    await lab.clock.advance(249);
    await until('the events have come', () => {
      expect(listener.events('timeline')).toHaveLength(4);
    });
    expect(listener.events('status')).toHaveLength(2);
    // What the making of a document takes is real time, and may hold back the next one.
    await lab.clock.advance(10_000);
    await until('one document for all three', () => {
      expect(listener.events('status')).toHaveLength(3);
    });
    expect(listener.events('status').at(-1)?.data).toEqual(lab.board.read());
  });

  test('says now and then that it is there', async () => {
    const listener = await listen();
    await lab.clock.advance(15_000);
    await until('a comment has come', () => {
      expect(listener.text).toMatch(/^: /m);
    });
    await lab.clock.advance(15_000);
    await until('another', () => {
      expect(listener.text.match(/^: /gm)).toHaveLength(2);
    });
  });

  test('ends with the server', async () => {
    const listener = await listen();
    await stop();
    await until('it is over', () => {
      expect(listener.isOver).toBe(true);
    });
    // By its own end, not by being cut off.
    expect(listener.response.complete).toBe(true);
    expect(lab.clock.pending).toBe(0);
    lab.pass([app()]);
    expect(lab.clock.pending).toBe(0);
  });
});

describe('a listener who does not read', () => {
  const large = { notes: Array.from({ length: 100 }, () => 'x'.repeat(100_000)) };

  test('holds up nobody, and is dropped', async () => {
    lab.pass([app()], large);
    const idle = await listen('', { reads: false });
    const other = await listen();
    await until('the other has the document', () => {
      expect(other.events('status')).toHaveLength(1);
    });
    lab.pass([app('b')]);
    await until('the other has the event', () => {
      expect(other.events('timeline')).toHaveLength(lab.timeline.after(0).length);
    });
    await lab.clock.advance(15_000);
    expect(idle.response.destroyed).toBe(false);
    await lab.clock.advance(15_000);
    await until('a place is free', () => {
      expect(lab.stream.size).toBe(1);
    });
    idle.readOn();
    await until('it notices', () => {
      expect(idle.isOver).toBe(true);
    });
    expect(other.isOver).toBe(false);
  });

  test('and reads on has the newest document and every event', async () => {
    lab.pass([app()], large);
    const known = lab.timeline.after(0).at(-1)?.id ?? 0;
    const slow = await listen(`?after=${String(known)}`, { reads: false });
    for (const name of ['b', 'c', 'd']) {
      lab.pass([app(name)], { outcome: { kind: 'applied', reloaded: ['n'], generations: 0 } });
      await lab.clock.advance(1000);
      // Changes the document alone.
      lab.pass([app(name)]);
      await lab.clock.advance(1000);
    }
    slow.readOn();
    await until('all has come', () => {
      expect(slow.events('timeline').map(({ data }) => data)).toEqual(lab.timeline.after(known));
      expect(slow.events('status').at(-1)?.data).toEqual(lab.board.read());
    });
    // Those in between were never sent.
    expect(slow.events('status')).toHaveLength(2);
  });
});

describe('many listeners', () => {
  test('are let in up to a number; who goes makes room', async () => {
    for (let number = 0; number < mostListeners; number += 1) await listen();
    const beyond = await fetch(`${base}/api/stream`);
    expect(beyond.status).toBe(503);
    expect(beyond.headers.get('retry-after')).toBe('10');
    expect(await beyond.json()).toEqual({ error: expect.stringContaining('listen already') });
    listeners[0]?.hangUp();
    await until('there is room', () => {
      expect(lab.stream.size).toBe(mostListeners - 1);
    });
    expect((await listen()).response.statusCode).toBe(200);
  });

  test('nobody asks by HEAD for what does not end', async () => {
    expect((await fetch(`${base}/api/stream`, { method: 'HEAD' })).status).toBe(404);
    expect(lab.stream.size).toBe(0);
  });
});
