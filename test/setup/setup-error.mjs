/** The set-up cannot go on, and the person in front of it can do something about it. Shown without a stack. */
export class SetupError extends Error {
  /**
   * @param {string} message what failed, on what
   * @param {readonly string[]} [advice] what to do: sentences, or commands to copy
   */
  constructor(message, advice = []) {
    super(message);
    this.name = 'SetupError';
    this.advice = advice;
  }
}
