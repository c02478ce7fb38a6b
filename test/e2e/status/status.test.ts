/** The status API of the shipped stack, as a program on the machine sees it: scale up, and it is told, at once and as it is. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createParser } from 'eventsource-parser';

import { eventsSchema, statusSchema } from '../../../src/report/status-document.ts';
import type { MemberStatus, StatusDocument, TimelineEvent } from '../../../src/report/status-document.ts';
import { eventually } from '../../support/eventually.ts';
import { prepareJourney } from '../../support/journey.ts';
import type { StackJourney } from '../../support/journey.ts';
import { useImage } from '../power/use-image.ts';
import '../../support/native-errors.ts';

const soon = { withinMs: 60_000 };
const pool = 'flaskappproxy';

let journey: StackJourney;
let base: string;

beforeAll(async () => {
  journey = await prepareJourney('status');
  base = `http://127.0.0.1:${String(journey.statusPort)}`;
  await useImage(journey);
  await journey.compose.run('up', '-d', '--no-build');
  await eventually(
    'the stack is in step',
    async () => {
      const document = await readStatus();
      expect(document.ready).toBe(true);
      expect(whoIsIn(document)).toHaveLength(3);
    },
    soon,
  );
}, 120_000);
afterAll(async () => {
  await journey.end();
}, 60_000);

test('who is where, and what nginx runs', async () => {
  const document = await readStatus();
  expect(document.lbwatch.project).toBe(journey.project);
  expect(document.stream).toBe('up');
  expect(document.nginx).toEqual([
    {
      name: expect.stringContaining('nginx'),
      answersAt: expect.stringMatching(/:9181$/),
      version: expect.stringMatching(/^1\.\d+\.\d+$/),
      digest: document.digest,
      inStep: true,
    },
  ]);
  expect(
    membersOf(document)
      .map(({ service, role, state }) => `${service ?? ''} ${role ?? ''} ${state}`)
      .sort(),
  ).toEqual(['flaskservice primary ready', 'gotyourback backup standby', 'redudantservice primary ready']);
  expect(document.outside).toEqual([]);
  expect(document.problems).toEqual([]);
});

test('a scale-up comes over the stream, with its latency, and is in the timeline and the log in the same words', async () => {
  const stream = await Stream.open(await lastEventId());
  try {
    await journey.compose.run('up', '-d', '--no-build', '--scale', 'flaskservice=3');
    await eventually(
      'the stream tells of all',
      () => {
        const ready = membersOf(stream.status).filter(({ state, isIn }) => state === 'ready' && isIn);
        expect(ready.map(({ service }) => service).sort()).toEqual([
          'flaskservice',
          'flaskservice',
          'flaskservice',
          'redudantservice',
        ]);
      },
      soon,
    );
    const joined = stream.events.filter((event) => event.kind === 'joined');
    expect(joined.map(({ text }) => text).join()).toMatch(/flaskservice-2/);
    expect(joined.map(({ text }) => text).join()).toMatch(/flaskservice-3/);
    for (const event of joined) {
      expect(event.pool).toBe(pool);
      expect(event.nginx).toEqual([expect.stringContaining('nginx')]);
      const { begun = Infinity, acknowledged = 0 } = event.stages ?? {};
      expect(begun).toBeLessThan(acknowledged);
      expect(acknowledged).toBeLessThanOrEqual(event.sinceEventMs ?? 0);
    }
    const { events } = eventsSchema.parse(await ask('/api/events'));
    expect(events.slice(-stream.events.length)).toEqual(stream.events);
    const log = (await journey.compose.logs('lbwatch')).join('\n');
    for (const { text } of events) expect(log).toContain(text);
  } finally {
    stream.close();
  }
}, 90_000);

test('a member that is told to stop is seen to go, and to be back', async () => {
  const stream = await Stream.open(await lastEventId());
  try {
    await journey.compose.run('stop', '-t', '5', 'redudantservice');
    await eventually(
      'it has left',
      () => {
        expect(
          stream.events.find(({ kind, container }) => kind === 'left' && container?.includes('redudantservice')),
        ).toMatchObject({
          text: expect.stringContaining('was told to stop'),
        });
        expect(membersOf(stream.status).find(({ service }) => service === 'redudantservice')).toMatchObject({
          state: 'out',
          isIn: false,
          reason: 'exited',
          address: null,
        });
      },
      soon,
    );
    await journey.compose.run('start', 'redudantservice');
    await eventually(
      'it is back',
      () => {
        expect(membersOf(stream.status).find(({ service }) => service === 'redudantservice')).toMatchObject({
          state: 'ready',
          isIn: true,
        });
      },
      soon,
    );
  } finally {
    stream.close();
  }
}, 90_000);

test('lbwatch status says it within the container, with the code of a stack that is in step', async () => {
  // Compose fails where the command does.
  const said = await journey.compose.exec('lbwatch', 'lbwatch', 'status');
  expect(said).toMatch(/^state +in step$/m);
  expect(said).toMatch(new RegExp(`^pool ${pool} \\(http, round_robin\\): \\d of \\d in$`, 'm'));
  expect(said).toMatch(/^ {2}\S*flaskservice-1 +primary +ready +\S.* \d+\.\d+\.\d+\.\d+:8001 +/m);
  const json = await journey.compose.exec('lbwatch', 'lbwatch', 'status', '--json');
  expect(statusSchema.parse(JSON.parse(json)).lbwatch).toEqual((await readStatus()).lbwatch);
}, 60_000);

test('a member may read it by the name of the service, and nobody by a stranger’s', async () => {
  const python = (host: string): string =>
    `import urllib.request as u; print(u.urlopen(u.Request("http://lbwatch:9180/api/status", headers=${host})).status)`;
  const run = (host: string) => journey.compose.try('exec', '-T', 'flaskservice', 'python3', '-c', python(host));
  expect((await run('{}')).stdout.trim()).toBe('200');
  expect((await run('{"Host": "rebound.example"}')).output).toContain('421');
}, 60_000);

async function ask(path: string): Promise<unknown> {
  return (await fetch(`${base}${path}`)).json();
}

async function readStatus(): Promise<StatusDocument> {
  return statusSchema.parse(await ask('/api/status'));
}

async function lastEventId(): Promise<number> {
  return eventsSchema.parse(await ask('/api/events')).events.at(-1)?.id ?? 0;
}

function membersOf(document: StatusDocument | undefined): readonly MemberStatus[] {
  return document?.pools.find(({ name }) => name === pool)?.members ?? [];
}

function whoIsIn(document: StatusDocument): readonly MemberStatus[] {
  return membersOf(document).filter(({ isIn }) => isIn);
}

/** An open api/stream, and what has come. */
class Stream {
  readonly events: TimelineEvent[] = [];
  status: StatusDocument | undefined;
  readonly #ending: AbortController;

  private constructor(ending: AbortController) {
    this.#ending = ending;
  }

  static async open(after: number): Promise<Stream> {
    const ending = new AbortController();
    const stream = new Stream(ending);
    const response = await fetch(`${base}/api/stream?after=${String(after)}`, { signal: ending.signal });
    if (response.body === null) throw new Error('the stream is empty');
    void stream.#read(response.body);
    return stream;
  }

  close(): void {
    this.#ending.abort();
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event === 'status') this.status = statusSchema.parse(JSON.parse(data));
        if (event === 'timeline') {
          const { events } = eventsSchema.parse({ events: [JSON.parse(data)] });
          this.events.push(...events);
        }
      },
    });
    try {
      for await (const text of body.pipeThrough(new TextDecoderStream())) parser.feed(text);
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error;
    }
  }
}
