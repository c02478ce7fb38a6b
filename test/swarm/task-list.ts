import { request } from 'node:http';

import * as z from 'zod';

import type { Machine } from './lab/machine.ts';

const limitMs = 5000;

const tasksSchema = z.array(
  z.object({
    ServiceID: z.string(),
    DesiredState: z.string(),
    Status: z.object({
      State: z.string(),
      ContainerStatus: z.object({ ContainerID: z.string() }).partial().nullish(),
    }),
    NetworksAttachments: z
      .array(
        z.object({
          Network: z.object({ Spec: z.object({ Name: z.string() }) }),
          Addresses: z.array(z.string()).nullish(),
        }),
      )
      .nullish(),
  }),
);

const servicesSchema = z.array(z.object({ ID: z.string(), Spec: z.object({ Name: z.string() }) }));

/** A task that Swarm says runs, and wants to run. */
export interface RunningTask {
  readonly service: string;
  readonly address: string;
  /** Of its container, as the app says it. */
  readonly hostname: string;
}

/**
 * Swarm's own word on what runs, asked at a manager's socket, without lbwatch's client in between: the test must not share
 * its mistakes.
 *
 * @param network whose addresses count
 */
export async function listRunningTasks(manager: Machine, network: string): Promise<readonly RunningTask[]> {
  const services = servicesSchema.parse(await askManager(manager, '/services'));
  const names = new Map(services.map(({ ID, Spec }) => [ID, Spec.Name]));
  const tasks = tasksSchema.parse(await askManager(manager, '/tasks'));
  return tasks.flatMap((task) => {
    const service = names.get(task.ServiceID);
    const on = task.NetworksAttachments?.find(({ Network }) => Network.Spec.Name === network);
    const address = on?.Addresses?.[0]?.split('/')[0];
    const hostname = task.Status.ContainerStatus?.ContainerID?.slice(0, 12);
    const runs = task.DesiredState === 'running' && task.Status.State === 'running';
    return runs && service !== undefined && address !== undefined && hostname !== undefined
      ? [{ service, address, hostname }]
      : [];
  });
}

/** GET, at the machine's own socket. Throws for any answer but 200, and for none. */
export function askManager({ socketPath, name }: Machine, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, agent: false, timeout: limitMs }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject).on('end', () => {
        if (response.statusCode !== 200) {
          reject(new Error(`GET ${path} at ${name}: ${String(response.statusCode)} ${text.trim().slice(0, 200)}`));
          return;
        }
        const parsed: unknown = JSON.parse(text);
        resolve(parsed);
      });
    });
    asking.on('timeout', () => asking.destroy(new Error(`GET ${path} at ${name}: no answer within 5 s`)));
    asking.on('error', reject).end();
  });
}
