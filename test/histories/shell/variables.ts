/** The variables of a shell: a subshell sees those of its parent, and keeps its own changes to itself. */
export class Variables {
  private readonly own = new Map<string, string | undefined>();
  private readonly parent: Variables | undefined;

  constructor(parent?: Variables) {
    this.parent = parent;
  }

  get(name: string): string | undefined {
    return this.own.has(name) ? this.own.get(name) : this.parent?.get(name);
  }

  /** Undefined: it is not set any more. */
  set(name: string, value: string | undefined): void {
    this.own.set(name, value);
  }
}
