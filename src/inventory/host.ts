/** The resolved inventory: hosts and cluster, with group settings and defaults applied. */
export type Role = 'control-plane' | 'worker';

export interface SshSettings {
  /** undefined if the inventory does not set it; ~/.ssh/config then decides. */
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** Path of a private key, with `~` expanded. */
  readonly identityFile?: string | undefined;
  /** Path of a known_hosts file, with `~` expanded. */
  readonly knownHostsFile?: string | undefined;
  /** Bastions, first hop first: a name from ~/.ssh/config, or [user@]host[:port]. */
  readonly jump: readonly string[];
  /** Most hosts at once behind these bastions, the same for all of them; undefined: only --forks limits them. */
  readonly jumpForks?: number | undefined;
  /** What makes the connection, also those to the bastions; ssh2 unless set. `auto`: ssh2, or OpenSSH where only that can do it. */
  readonly transport?: 'ssh2' | 'openssh' | 'auto' | undefined;
  /** The inventory has `jump: []`: no bastion, even if ~/.ssh/config sets one. */
  readonly direct?: true | undefined;
  /** `helper` uses sudo too, but sudoers needs to allow the node helper only. */
  readonly become: 'sudo' | 'helper' | 'none';
  /** Ask for the sudo password of every host; otherwise hosts with the same user share one. */
  readonly becomePassword?: 'per-host' | undefined;
}

export interface Host {
  /** The unique name in the inventory. */
  readonly name: string;
  /** The address to connect to; the name if no address is set. */
  readonly address: string;
  /** The name of the Node object, if the inventory sets it. */
  readonly nodeName?: string | undefined;
  readonly role: Role;
  readonly group: string;
  readonly ssh: SshSettings;
}

/** The bastions that a host shares with others, and how many hosts may be worked on at once behind them. */
export interface JumpShare {
  /** `jump` of the inventory, joined with commas. */
  readonly jump: string;
  readonly forks: number;
}

export interface ClusterSettings {
  /** Users type it to confirm risky changes. */
  readonly name: string;
  /** An absolute path with `~` expanded; with `via`, a path on that host as written. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** The inventory host on which kubectl runs, over SSH. */
  readonly via?: string | undefined;
}

export interface Inventory {
  /** The path as the user gave it; `-` for stdin. */
  readonly path: string;
  readonly cluster: ClusterSettings;
  readonly hosts: readonly Host[];
}
