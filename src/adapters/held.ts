import { AppError } from '../loop/ports.ts';

/** Another lbwatch keeps the directory. */
export class Held extends AppError {
  /** @param holder who that is, in words */
  constructor(directory: string, holder: string) {
    super(
      'files',
      `another lbwatch keeps ${directory}: ${holder}; a directory takes one: stop that one, or give this one a volume of its own (LBWATCH_DIR)`,
    );
    this.name = 'Held';
  }
}
