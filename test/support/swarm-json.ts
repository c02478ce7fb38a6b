/** What a manager of engine 20.10 answers, byte by byte as far as sizes go: see `manager-20.10/`, which a test compares it with. */

import { createHash } from 'node:crypto';

type Json = Readonly<Record<string, unknown>>;

/** A service as its fake manager keeps it. */
export interface FakeService {
  readonly id: string;
  /** With the stack's name before it: `shop_app`. */
  readonly name: string;
  /** `deploy.labels`. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of its containers. */
  readonly containerLabels: Readonly<Record<string, string>>;
  readonly replicas: number;
  readonly order: 'start-first' | 'stop-first';
  /** How many tasks an update replaces at once. */
  readonly parallelism: number;
  readonly version: number;
  /** How often it was updated by force. */
  readonly forced: number;
  readonly update: 'none' | 'updating' | 'completed';
}

/** A task as its fake manager keeps it; a changed one is another object. */
export interface FakeTask {
  readonly id: string;
  readonly service: FakeService;
  readonly slot: number;
  readonly nodeId: string | undefined;
  readonly address: string;
  readonly state: 'pending' | 'assigned' | 'ready' | 'starting' | 'running' | 'shutdown' | 'failed';
  readonly desired: 'ready' | 'running' | 'shutdown' | 'remove';
  readonly version: number;
  readonly createdMs: number;
  readonly changedMs: number;
}

export interface FakeNode {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly isManager: boolean;
  readonly availability: 'active' | 'drain';
  readonly state: 'ready' | 'down';
  readonly version: number;
}

/** The only network that tasks are on. */
const fakeNetwork = { id: 'g76v3ep2rdu9g6ieg84washn5', name: 'web' };

const network = {
  ID: fakeNetwork.id,
  Version: { Index: 17 },
  CreatedAt: '2026-11-25T09:38:23.917862991Z',
  UpdatedAt: '2026-11-25T09:38:23.920290818Z',
  Spec: {
    Name: fakeNetwork.name,
    Labels: {},
    DriverConfiguration: { Name: 'overlay' },
    Attachable: true,
    IPAMOptions: { Driver: { Name: 'default' } },
    Scope: 'swarm',
  },
  DriverState: { Name: 'overlay', Options: { 'com.docker.network.driver.overlay.vxlanid_list': '4097' } },
  IPAMOptions: { Driver: { Name: 'default' }, Configs: [{ Subnet: '10.0.0.0/8', Gateway: '10.0.0.1' }] },
};

const messages = {
  pending: 'pending task scheduling',
  assigned: 'scheduler assigned task to node',
  ready: 'prepared',
  starting: 'starting',
  running: 'started',
  shutdown: 'shutdown',
  failed: 'started',
} as const;

/** An element of `GET /tasks`. */
export function toTaskJson(task: FakeTask): Json {
  const { service, state } = task;
  const hasContainer = state === 'starting' || state === 'running' || state === 'shutdown' || state === 'failed';
  return {
    ID: task.id,
    Version: { Index: task.version },
    CreatedAt: toTime(task.createdMs),
    UpdatedAt: toTime(task.changedMs),
    Labels: {},
    Spec: taskSpec(service),
    ServiceID: service.id,
    Slot: task.slot,
    ...(task.nodeId === undefined ? {} : { NodeID: task.nodeId }),
    Status: {
      Timestamp: toTime(task.changedMs),
      State: state,
      Message: messages[state],
      ...(hasContainer
        ? {
            ContainerStatus: {
              ContainerID: containerIdOf(task),
              PID: state === 'running' ? 3218 : 0,
              ExitCode: 0,
            },
          }
        : {}),
      PortStatus: {},
    },
    DesiredState: task.desired,
    NetworksAttachments: [{ Network: network, Addresses: [`${task.address}/8`] }],
  };
}

/** Of the container that a task has as soon as it starts. */
export function containerIdOf({ id }: FakeTask): string {
  return createHash('sha256').update(id).digest('hex');
}

/** An element of `GET /services`. */
export function toServiceJson(service: FakeService): Json {
  const spec = {
    Name: service.name,
    Labels: service.labels,
    TaskTemplate: { ...taskSpec(service), Runtime: 'container' },
    Mode: { Replicated: { Replicas: service.replicas } },
    UpdateConfig: {
      Parallelism: service.parallelism,
      FailureAction: 'pause',
      Monitor: 5_000_000_000,
      MaxFailureRatio: 0,
      Order: service.order,
    },
    EndpointSpec: { Mode: 'dnsrr' },
  };
  return {
    ID: service.id,
    Version: { Index: service.version },
    CreatedAt: toTime(startMs),
    UpdatedAt: toTime(startMs),
    Spec: spec,
    ...(service.version > 1 ? { PreviousSpec: spec } : {}),
    Endpoint: { Spec: {} },
    ...(service.update === 'none'
      ? {}
      : {
          UpdateStatus: {
            State: service.update,
            StartedAt: toTime(startMs),
            ...(service.update === 'completed' ? { CompletedAt: toTime(startMs) } : {}),
            Message: service.update === 'completed' ? 'update completed' : 'update in progress',
          },
        }),
  };
}

/** An element of `GET /nodes`. */
export function toNodeJson(node: FakeNode): Json {
  return {
    ID: node.id,
    Version: { Index: node.version },
    CreatedAt: toTime(startMs),
    UpdatedAt: toTime(startMs),
    Spec: { Labels: {}, Role: node.isManager ? 'manager' : 'worker', Availability: node.availability },
    Description: {
      Hostname: node.name,
      Platform: { Architecture: 'x86_64', OS: 'linux' },
      Resources: { NanoCPUs: 2_000_000_000, MemoryBytes: 25_276_502_016 },
      Engine: { EngineVersion: fakeVersion.Version, Plugins: plugins },
      // As long as real ones.
      TLSInfo: {
        TrustRoot: `-----BEGIN CERTIFICATE-----\n${'M'.repeat(540)}\n-----END CERTIFICATE-----\n`,
        CertIssuerSubject: 'M'.repeat(28),
        CertIssuerPublicKey: 'M'.repeat(124),
      },
    },
    Status:
      node.state === 'down'
        ? { State: 'down', Message: 'heartbeat failure', Addr: node.address }
        : { State: 'ready', Addr: node.address },
    ...(node.isManager
      ? { ManagerStatus: { Leader: true, Reachability: 'reachable', Addr: `${node.address}:2377` } }
      : {}),
  };
}

/** The overlay network in `GET /networks`. */
export function toNetworkJson(): Json {
  return {
    Name: fakeNetwork.name,
    Id: fakeNetwork.id,
    Created: network.CreatedAt,
    Scope: 'swarm',
    Driver: 'overlay',
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: network.IPAMOptions.Configs },
    Internal: false,
    Attachable: true,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: null,
    Options: network.DriverState.Options,
    Labels: null,
  };
}

/** A line of `GET /events`. */
export function toSwarmEventJson(
  type: 'service' | 'node',
  action: 'create' | 'update' | 'remove',
  id: string,
  attributes: Readonly<Record<string, string>>,
  nowMs: number,
): Json {
  return {
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'swarm',
    time: Math.floor(nowMs / 1000),
    timeNano: nowMs * 1e6,
  };
}

/** `GET /version`. */
export const fakeVersion = {
  Platform: { Name: '' },
  Components: [{ Name: 'Engine', Version: '20.10.24', Details: { ApiVersion: '1.41', MinAPIVersion: '1.12' } }],
  Version: '20.10.24',
  ApiVersion: '1.41',
  MinAPIVersion: '1.12',
};

const startMs = Date.parse('2026-11-25T09:38:23.917Z');

const plugins = [
  ...['awslogs', 'fluentd', 'gcplogs', 'gelf', 'journald', 'json-file', 'local', 'logentries', 'splunk', 'syslog'].map(
    (Name) => ({ Type: 'Log', Name }),
  ),
  ...['bridge', 'host', 'ipvlan', 'macvlan', 'null', 'overlay'].map((Name) => ({ Type: 'Network', Name })),
  { Type: 'Volume', Name: 'local' },
];

function taskSpec(service: FakeService): Json {
  return {
    ContainerSpec: {
      Image:
        'registry.example.com/shop/app:1.4.2@sha256:8ea27e6d8c49a32211d1ce9572e6d43015143229469e7fa9ef40c634d510ea71',
      Labels: service.containerLabels,
      Args: ['python3', 'app.py'],
      Init: false,
      StopGracePeriod: 5_000_000_000,
      Healthcheck: { Test: ['CMD-SHELL', 'curl -fsS http://127.0.0.1:8000/healthz'], Interval: 1_000_000_000 },
      DNSConfig: {},
      Isolation: 'default',
    },
    Resources: { Limits: {}, Reservations: {} },
    Placement: {},
    Networks: [{ Target: fakeNetwork.id }],
    ForceUpdate: service.forced,
  };
}

/** With as many digits as Go writes. */
function toTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '979169Z');
}
