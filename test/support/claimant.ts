import { Claim } from '../../src/adapters/claim.ts';
import { Held } from '../../src/adapters/held.ts';

/**
 * A process that takes a directory when it is told to, says what became of it, and lets go when it is told to. As fast as
 * two processes can be at the same moment.
 */
export type Order =
  { readonly kind: 'take'; readonly atMs: number; readonly patienceMs: number } | { readonly kind: 'release' };

/** What it says: `taken`, why it is not, or that it let go. */
type Word = 'taken' | 'released' | `held: ${string}`;

const [, , directory = '', name = ''] = process.argv;
const claim = new Claim(directory, name.padEnd(64, '0'), '1.2.3');

process.on('message', (order: Order) => {
  void follow(order).then((word) => process.send?.(word));
});

async function follow(order: Order): Promise<Word> {
  if (order.kind === 'release') {
    claim.release();
    return 'released';
  }
  while (Date.now() < order.atMs);
  try {
    await claim.take(order.patienceMs);
    return 'taken';
  } catch (error) {
    if (error instanceof Held) return `held: ${error.message}`;
    throw error;
  }
}
