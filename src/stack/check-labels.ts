import { parseLabels } from '../core/labels.ts';
import { printable } from '../core/printable.ts';
import { isHashKey } from '../core/values.ts';
import type { Foreseen } from './as-containers.ts';
import type { Stack } from './check-stack.ts';
import { placeOf } from './finding.ts';
import type { Finding } from './finding.ts';
import { listVariables } from './interpolate.ts';

/** What is wrong with the labels: all that lbwatch would say of the containers, and what only their author can have meant. */
export function checkLabels({ foreseen, desired }: Stack): readonly Finding[] {
  const byId = new Map(foreseen.map((one) => [one.container.id, one]));
  const problems = desired.problems.flatMap(({ containerId, label, effect, message }): readonly Finding[] => {
    const found = byId.get(containerId);
    if (found === undefined || hasBareDollar(found, label)) return [];
    const { service } = found;
    const level = effect === 'out' ? 'error' : 'warning';
    return [{ level, at: placeOf(service, label), service: service.name, message: rename(message) }];
  });
  return [...problems, ...foreseen.flatMap(listOwn)];
}

/** Before `up` there are services rather than containers. */
function rename(message: string): string {
  return message.replaceAll('the older container ', 'service ');
}

function listOwn(one: Foreseen): readonly Finding[] {
  const { service, container, isPortUnknown } = one;
  const findings: Finding[] = [];
  for (const [label, { raw = '', at }] of service.labels) {
    if (!label.startsWith('lb.')) continue;
    if (hasBareDollar(one, label)) {
      const written = raw.replaceAll(/\$+(?=[a-z{])/g, '$$$$');
      const message = `${label}: "${printable(raw)}": Compose puts a variable of its own in place of what follows one "$"; write "${printable(written)}"`;
      findings.push({ level: 'error', at, service: service.name, message });
    }
  }
  for (const [label, { at }] of service.deployLabels) {
    const message = `${printable(label)} stands below deploy, whose labels no container gets; write it below the labels of the service`;
    findings.push({ level: 'error', at, service: service.name, message });
  }
  if (isPortUnknown) {
    const kind = parseLabels(container).protocol === 'udp' ? 'udp' : 'tcp';
    const message = `its port cannot be told here: it is the ${kind} port that its image exposes, where that is one; write lb.port, or expose, to be sure`;
    findings.push({ level: 'note', at: placeOf(service, 'lb.pool'), service: service.name, message });
  }
  return findings;
}

/** A variable of nginx's behind one `$`, which Compose takes for one of its own. */
function hasBareDollar({ service, container }: Foreseen, label: string): boolean {
  const raw = service.labels.get(label)?.raw;
  if (label !== 'lb.method' || raw === undefined) return false;
  const { protocol } = parseLabels(container);
  return listVariables(raw).some((name) => isHashKey(`$${name}`, protocol));
}
