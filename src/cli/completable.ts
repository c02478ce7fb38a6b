/** A command as a shell needs to know it. */
export interface Completable {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly {
    readonly name: string;
    readonly summary: string;
    readonly values: readonly string[];
    readonly takesValue: boolean;
  }[];
  /** What its argument is: names to choose from, a container, a file; undefined where it takes none. */
  readonly argument: readonly string[] | 'container' | 'file' | undefined;
}

/** Prints the names of all containers, a line each; nothing that a shell could take for more than a name. */
export const listContainers = `lbwatch explain --json 2>/dev/null | sed -n 's/^ *"container": "\\([A-Za-z0-9][A-Za-z0-9_.-]*\\)",$/\\1/p' | sort -u`;
