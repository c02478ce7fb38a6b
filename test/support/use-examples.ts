import { afterEach } from '@jest/globals';

import { followExample } from './followed-example.ts';
import type { FollowedExample } from './followed-example.ts';

/** For the tests of a file: opens an example, and removes what it has made when the test is over. */
export function useExamples(): (name: string) => Promise<FollowedExample> {
  let open: FollowedExample | undefined;
  afterEach(async () => {
    await open?.end();
    open = undefined;
  }, 60_000);
  return async (name) => {
    open = await followExample(name);
    return open;
  };
}
