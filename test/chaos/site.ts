import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { pools } from './operations.ts';

const spoilt = '\nserver { listen 80; location / { proxy_pass http://alpha }\n';

/**
 * The hand-written configuration in front of the pools. `/alpha` is as a site would have it: another member is asked where
 * one cannot answer. `/only/alpha` asks one member and says who it was, so that a dead one shows. `/edition` says which
 * edit of this file nginx runs.
 */
export class Site {
  readonly #directory: string;
  edition = 0;
  isGood = true;

  /** @param directory conf.d of the stack's own copy */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Takes the place of the shipped site. */
  async open(): Promise<void> {
    await rm(join(this.#directory, 'flaskapp.conf'), { force: true });
    await this.edit();
  }

  async edit(): Promise<void> {
    this.edition += 1;
    this.isGood = true;
    await this.#write(renderSite(this.edition));
  }

  /** nginx refuses it. */
  async spoil(): Promise<void> {
    this.isGood = false;
    await this.#write(renderSite(this.edition + 1) + spoilt);
  }

  /** As editors do: a new file takes the name of the old one. */
  async #write(text: string): Promise<void> {
    const path = join(this.#directory, 'chaos.conf');
    await writeFile(`${path}~`, text);
    await rename(`${path}~`, path);
  }
}

function renderSite(edition: number): string {
  return `server {
    listen 80;
    access_log off;
    add_header X-Upstream $upstream_addr always;
    proxy_connect_timeout 300ms;
    location = /edition { return 200 "${String(edition)}\\n"; }
${pools.map(renderLocations).join('')}}
`;
}

function renderLocations(pool: string): string {
  return `    location = /${pool} {
        proxy_pass http://${pool};
        proxy_read_timeout 1s;
        proxy_next_upstream error timeout;
    }
    location = /only/${pool} {
        proxy_pass http://${pool};
        proxy_read_timeout 300ms;
        proxy_next_upstream off;
    }
`;
}
