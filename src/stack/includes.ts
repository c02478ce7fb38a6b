import { directives } from '../core/nginx-directives.ts';
import type { SiteText } from './project.ts';

/**
 * Whether a file of nginx's configuration is included by one of these texts, in this block or in a file that may be
 * included there. What nginx's own nginx.conf includes counts where that file is not among them.
 */
export function includesFile(site: readonly SiteText[], path: string, block: 'http' | 'stream'): boolean {
  const isVisible = site.some((one) => one.path === mainPath);
  const texts = isVisible ? site : [...site, { path: mainPath, file: mainPath, text: stockMain }];
  return texts.some(({ text }) => isIncluded(text, path, block));
}

const mainPath = '/etc/nginx/nginx.conf';

/** What of it counts here is the same in nginx's own image and in Debian's. */
const stockMain = 'http { include /etc/nginx/conf.d/*.conf; }';

function isIncluded(text: string, path: string, block: 'http' | 'stream'): boolean {
  for (const found of directives(text)) {
    if (found.kind === 'end' || found.words[0] !== 'include') continue;
    const { within, words } = found;
    if ((within === undefined || within === block) && toPattern(words[1] ?? '').test(path)) return true;
  }
  return false;
}

/** A path with `*`, `?` and `[…]` as glob(3) reads it; a relative one begins at nginx's folder. */
function toPattern(glob: string): RegExp {
  const absolute = glob.startsWith('/') ? glob : `/etc/nginx/${glob}`;
  const source = absolute.replace(/\[!?[^\]/]+\]|[.*+?^${}()|[\]\\]/g, (special) => {
    if (special === '*') return '[^/]*';
    if (special === '?') return '[^/]';
    if (special.length > 1) return special.replace('[!', '[^').replaceAll('\\', '\\\\');
    return `\\${special}`;
  });
  return new RegExp(`^${source}$`);
}
