/** The result of `csr`: requests for serving certificates, as the writers take them. */
import type { ResultHead } from './model.js';

/** A request for a serving certificate, and what kubelatch makes of it. */
export interface JudgedRequest {
  readonly name: string;
  /** Who filed it. */
  readonly username: string;
  /** By the name of that user. */
  readonly node: string | undefined;
  /** The host of the inventory that is this Node. */
  readonly host: string | undefined;
  /** ISO 8601, by the API server's clock; empty if the API server did not say. */
  readonly createdAt: string;
  readonly state: 'pending' | 'approved' | 'issued' | 'denied' | 'failed';
  /** The newest pending one of its node: the only one whose key the kubelet still has. */
  readonly newest: boolean;
  /** `older`: a newer one is pending. `decided`: not pending any more. */
  readonly verdict: 'valid' | 'refused' | 'unknown' | 'older' | 'decided';
  /** Why it is not valid. `check` is a name that stays. */
  readonly reasons: readonly { readonly check: string; readonly message: string }[];
  /** Where approval was tried: `approved` is also issued as requested, and served by the kubelet. */
  readonly outcome?: 'approved' | 'not-issued' | 'not-served' | 'mismatch' | 'failed' | undefined;
  readonly notes: readonly string[];
}

export interface CsrResult extends ResultHead {
  readonly kind: 'csr-list' | 'csr-approve' | 'csr-watch';
  readonly cluster: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly requests: readonly JudgedRequest[];
}
