import { printableLine } from '../core/printable.ts';
import type { StatusDocument } from '../report/status-document.ts';
import { renderStatus } from '../report/status-lines.ts';
import { fit, terminalSize } from './fit.ts';
import { complain, redraw, say, sayJsonLine } from './say.ts';

/** Where `lbwatch status --watch` shows what it hears. */
interface View {
  show(document: StatusDocument): void;
  /** The controller is away; what was shown last may be old. */
  lose(why: string): void;
  end(): void;
}

/** On a terminal the same place is drawn again; elsewhere each change is something new to read. */
export function chooseView(isJson: boolean): View {
  if (isJson) return new Changes(sayJsonLine);
  return process.stdout.isTTY ? new Screen() : new Changes(sayBlock);
}

/** Ages grow. */
const tickMs = 1000;

class Screen implements View {
  #document: StatusDocument | undefined;
  #trouble: string | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #draw = (): void => {
    if (this.#document === undefined) return;
    const trouble = this.#trouble === undefined ? '' : `${printableLine(this.#trouble)}\n\n`;
    redraw(fit(trouble + renderStatus(this.#document, Date.now()), terminalSize()));
  };

  constructor() {
    this.#timer = setInterval(this.#draw, tickMs);
    process.stdout.on('resize', this.#draw);
  }

  show(document: StatusDocument): void {
    this.#document = document;
    this.#trouble = undefined;
    this.#draw();
  }

  lose(why: string): void {
    this.#trouble = why;
    this.#draw();
  }

  end(): void {
    clearInterval(this.#timer);
    process.stdout.off('resize', this.#draw);
  }
}

class Changes implements View {
  readonly #say: (document: StatusDocument) => void;
  #shown: string | undefined;
  #isLost = false;

  constructor(say: (document: StatusDocument) => void) {
    this.#say = say;
  }

  show(document: StatusDocument): void {
    this.#isLost = false;
    const essence = essenceOf(document);
    if (essence === this.#shown) return;
    this.#shown = essence;
    this.#say(document);
  }

  lose(why: string): void {
    if (!this.#isLost) complain(`lbwatch: ${printableLine(why)}\n`);
    this.#isLost = true;
  }

  end(): void {
    // Nothing is kept.
  }
}

function sayBlock(document: StatusDocument): void {
  const now = new Date();
  say(`--- ${now.toISOString()}\n${renderStatus(document, now.getTime())}\n`);
}

/** What of a document is news when it is another one: not that a pass has found everything in step once more. */
function essenceOf(document: StatusDocument): string {
  const { kind, message } = document.outcome ?? {};
  return JSON.stringify({ ...document, outcome: message === undefined ? null : { kind, message } });
}
