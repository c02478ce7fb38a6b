import leven from 'leven';

import { isSamePool } from '../core/labels.ts';
import { directives } from '../core/nginx-directives.ts';
import { readSite } from '../core/site.ts';
import type { Stack } from './check-stack.ts';
import { placeOf } from './finding.ts';
import type { Finding } from './finding.ts';
import { placeAt } from './place-at.ts';
import type { Place, SiteText } from './project.ts';

/** Pools that the site's configuration passes to and nobody feeds, and those that are fed and nothing passes to. */
export function checkPools(stack: Stack): readonly Finding[] {
  const { site, desired, settings, foreseen } = stack;
  if (site.length === 0) return [];
  const asked = [...new Set(desired.memberships.flatMap(({ pool }) => (pool === undefined ? [] : [pool])))];
  const { http, stream } = readSite(site.map(({ text }) => text));
  const named = [...http.named, ...stream.named];
  // A name with a port beside a pool is told of its members.
  const passed = [...named, ...http.namedWithPort, ...stream.namedWithPort, ...http.defined, ...stream.defined];
  const known = [...asked, ...settings.pools];
  const missing = desired.pools
    .filter(({ name }) => named.some((one) => isSamePool(one, name)) && !known.some((one) => isSamePool(one, name)))
    .map(({ name }): Finding => {
      const hint = hintAt(name, asked);
      const message = `nobody feeds pool ${name}, which the configuration passes to: it answers 503; label a service lb.pool: ${name}${hint}`;
      return { level: 'warning', at: findPass(site, name), service: undefined, message };
    });
  const hidden = site.some(({ text }) => hasHiddenName(text));
  const unused = asked
    .filter((name) => !passed.some((one) => isSamePool(one, name)))
    .flatMap((name): readonly Finding[] => {
      const row = desired.memberships.find(({ pool }) => pool === name);
      const service = foreseen.find(({ container }) => container.id === row?.containerId)?.service;
      if (service === undefined) return [];
      const at = placeOf(service, row?.role === 'backup' ? 'lb.backup' : 'lb.pool');
      const message = hidden
        ? `nothing visible passes to pool ${name}; it may be named in a variable`
        : `nothing passes to pool ${name}; write proxy_pass http://${name} in nginx's configuration${hintAt(name, named)}`;
      return [{ level: hidden ? 'note' : 'warning', at, service: service.name, message }];
    });
  return [...missing, ...unused];
}

function hintAt(name: string, others: readonly string[]): string {
  const near = others.find((other) => leven(other.toLowerCase(), name.toLowerCase()) <= 2 && !isSamePool(other, name));
  return near === undefined ? '' : `, or did you mean ${near}?`;
}

function hasHiddenName(text: string): boolean {
  for (const found of directives(text)) {
    if (found.kind !== 'end' && found.words[0]?.endsWith('_pass') === true && found.words[1]?.includes('$') === true) {
      return true;
    }
  }
  return false;
}

/** Where something is passed to this name. */
function findPass(site: readonly SiteText[], name: string): Place {
  for (const { file, text } of site) {
    for (const found of directives(text)) {
      if (found.kind === 'end' || found.words[0]?.endsWith('_pass') !== true) continue;
      const target = found.words[1]?.replace(/^[a-z]+:\/\//i, '').split(/[/?:]/)[0];
      if (target !== undefined && isSamePool(target, name)) return placeAt(file, text, found.from);
    }
  }
  return { file: site[0]?.file ?? '', line: 1, column: 1 };
}
