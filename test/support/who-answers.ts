import { request } from 'node:http';

/** What a client of the stack sees of one request to `/`: the app that answered, or that none did. */
export type Answer =
  | { readonly kind: 'app'; readonly service: string; readonly hostname: string }
  | { readonly kind: 'failure'; readonly why: string };

const timeoutMs = 10_000;

/** Asks once, on a connection of its own. Never throws: a failure is an answer too. */
export async function askWho(port: number, path = '/'): Promise<Answer> {
  try {
    const { status, body } = await get(port, path);
    if (status !== 200) return { kind: 'failure', why: `status ${String(status)}` };
    return readAnswer(body);
  } catch (error) {
    return { kind: 'failure', why: error instanceof Error ? error.message || error.name : String(error) };
  }
}

/** Asks so many times, one request after the other. */
export async function whoAnswers(port: number, requests: number): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  while (answers.length < requests) answers.push(await askWho(port));
  return answers;
}

/** The different containers (their host names) that answered, of some services or of all. */
export function distinctMembers(answers: readonly Answer[], services?: readonly string[]): readonly string[] {
  const names = answers.flatMap((answer) =>
    answer.kind === 'app' && (services === undefined || services.includes(answer.service)) ? [answer.hostname] : [],
  );
  return [...new Set(names)].sort();
}

/** Why requests failed, each reason once. */
export function failures(answers: readonly Answer[]): readonly string[] {
  return answers.flatMap((answer) => (answer.kind === 'failure' ? [answer.why] : []));
}

function get(port: number, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, agent: false, timeout: timeoutMs }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
      response.on('error', reject);
    });
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${String(timeoutMs / 1000)} s`)));
    asking.on('error', reject);
    asking.end();
  });
}

/** Reads the body of an answer with status 200. Never throws. */
export function readAnswer(body: string): Answer {
  const parsed = parse(body);
  if (typeof parsed === 'object' && parsed !== null && 'service' in parsed && 'hostname' in parsed) {
    const { service, hostname } = parsed;
    if (typeof service === 'string' && typeof hostname === 'string') return { kind: 'app', service, hostname };
  }
  return { kind: 'failure', why: `an answer that is not the app's: ${body.slice(0, 60)}` };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
