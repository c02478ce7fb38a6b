import { once } from 'node:events';

import { watch } from 'chokidar';

import type { Mark } from '../loop/dirty.ts';
import type { Clock } from '../loop/ports.ts';

export interface Watched {
  /** Folders and files of the hand-written configuration. */
  readonly sitePaths: readonly string[];
  readonly generatedPaths: readonly string[];
  /** Paths below these that are not part of the configuration. */
  readonly isIgnored: (path: string) => boolean;
  /** Whether the generated files hold just what lbwatch wrote. */
  readonly isGeneratedIntact: () => Promise<boolean>;
}

/**
 * Marks the state dirty when a person edits the site's configuration, or when somebody else touches a generated file.
 * Answers a function that ends it. A folder that is not there yet is waited for.
 */
export async function watchConfig(
  watched: Watched,
  mark: (mark: Mark) => void,
  onError: (error: unknown) => void,
  clock: Clock,
): Promise<() => Promise<void>> {
  const settle = { stabilityThreshold: 50, pollInterval: 10 };
  const options = { ignoreInitial: true, atomic: true, awaitWriteFinish: settle };
  const markChange = (reason: string): void => {
    // Nothing of the engine's has changed: no container needs another look.
    mark({ reason, stale: new Set(), isUrgent: false, atMs: clock.unixMs() });
  };

  const site = watch([...watched.sitePaths], {
    ...options,
    ignored: (path) => !watched.generatedPaths.includes(path) && watched.isIgnored(path),
  });
  site.on('all', () => {
    markChange('site configuration changed');
  });
  const generated = watch([...watched.generatedPaths], options);
  generated.on('all', () => {
    watched.isGeneratedIntact().then((isIntact) => {
      if (!isIntact) markChange('generated file changed');
    }, onError);
  });
  for (const watcher of [site, generated]) watcher.on('error', onError);

  await Promise.all([site, generated].map((watcher) => once(watcher, 'ready')));
  return async () => {
    await Promise.all([site.close(), generated.close()]);
  };
}
