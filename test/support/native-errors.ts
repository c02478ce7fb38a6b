/** What every other class does. */
const hasInstance: (this: unknown, candidate: unknown) => boolean = Function.prototype[Symbol.hasInstance];

/**
 * Import this where Node's own errors are to be recognized. Jest runs tests in a realm of their own, and what Node's
 * modules throw is of the outer one: `instanceof Error` would be false for an ENOENT, unlike anywhere else.
 */
Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: unknown, candidate: unknown): boolean {
    if (this === Error) return Object.prototype.toString.call(candidate) === '[object Error]';
    return hasInstance.call(this, candidate);
  },
});
