/** The verdict on a request, and what each check is given. */
import type { Host } from '../inventory/host.js';
import type { AlternativeNames } from './names.js';
import type { KnownCluster, KnownNode } from './known-cluster.js';
import type { DecodedRequest } from './request.js';
import type { ServingRequest } from './serving-request.js';

/** Names of the checks, by which scripts know a reason. The numbers are those of docs/certificates.md. */
export const checkNumbers = {
  signer: 1,
  username: 2,
  'common-name': 3,
  groups: 4,
  organization: 5,
  'usage-foreign': 6,
  'usage-missing': 7,
  'address-foreign': 8,
  'addresses-only': 9,
  'name-foreign': 10,
  'name-reserved': 11,
  'address-special': 12,
  'name-form': 13,
  extension: 14,
  encoding: 15,
  node: 16,
  key: 17,
  lifetime: 18,
  decided: 19,
  inventory: 20,
  incomplete: 21,
} as const;
export type CheckName = keyof typeof checkNumbers;

export interface Reason {
  readonly check: CheckName;
  /** One sentence. */
  readonly message: string;
  /** It could not be checked. */
  readonly unknown?: true | undefined;
}

/** `unknown`: nothing is wrong so far, and something could not be checked. */
export type Verdict = 'valid' | 'refused' | 'unknown';

export interface Judgement {
  readonly verdict: Verdict;
  /** In the order of the checks; empty if it is valid. */
  readonly reasons: readonly Reason[];
}

/** What was read on the host itself, over SSH. */
export interface HostReading {
  /** The Node that the host is; undefined if that is not known. */
  readonly nodeName: string | undefined;
  /** Milliseconds since the epoch, by the host's clock; undefined while no kubelet runs. */
  readonly kubeletStartedAt: number | undefined;
  /** Its own addresses, canonical; empty if the host did not say. */
  readonly addresses: readonly string[];
}

/** All that is known about one request. */
export interface Question {
  readonly request: ServingRequest;
  readonly cluster: KnownCluster;
  /** By name of the host; a text says why it could not be read. */
  readonly reading: (host: string) => HostReading | string;
}

/** A request whose text could be read. */
export interface ReadableQuestion extends Question {
  readonly decoded: DecodedRequest;
  /** Empty if there are none, or they cannot be read. */
  readonly names: AlternativeNames;
  /** The Node of its user; undefined if the cluster has none. */
  readonly node: KnownNode | undefined;
  /** The host of the inventory that is this Node; undefined if there is none, or more than one. */
  readonly host: Host | undefined;
}
