/** What the inventory says of one machine and of the cluster, after groups and defaults were applied. */
export type Role = 'control-plane' | 'worker';

export interface SshSettings {
  /** Left undefined where neither inventory nor defaults say it: ~/.ssh/config decides then. */
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** Path of a private key, `~` already expanded. */
  readonly identityFile?: string | undefined;
  /** Path of a known_hosts file, `~` already expanded. */
  readonly knownHostsFile?: string | undefined;
  /** Bastions in the order they are passed: a name of ~/.ssh/config, or [user@]host[:port]. */
  readonly jump: readonly string[];
  /** The inventory says `jump: []`: no bastion, whatever ~/.ssh/config says. */
  readonly direct?: true | undefined;
  readonly become: 'sudo' | 'none';
}

export interface Host {
  /** The name in the inventory; unique. */
  readonly name: string;
  /** What is dialled: the address, or the name where none is given. */
  readonly address: string;
  /** The Node object's name, where the inventory pins it. */
  readonly nodeName?: string | undefined;
  readonly role: Role;
  readonly group: string;
  readonly ssh: SshSettings;
}

export interface ClusterSettings {
  /** Typed by hand to confirm dangerous steps. */
  readonly name: string;
  /** Absolute, `~` already expanded; with `via` a path on that host, as written. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Name of the inventory host whose kubectl is used over SSH. */
  readonly via?: string | undefined;
}

export interface Inventory {
  /** The file's path as the user gave it; `-` for stdin. */
  readonly path: string;
  readonly cluster: ClusterSettings;
  readonly hosts: readonly Host[];
}
