/** Whether the kubelet would still accept the API server's client certificate. Checked before any change, because a mistake
 * locks the API server out.
 */
import type { X509Certificate } from 'node:crypto';
import { settingAt } from '../facts/effective-kubelet.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { certificatesOf } from '../lib/certificates.js';

/** What is known about the certificate that the API server presents to kubelets. */
export interface ClientCaEvidence {
  /** Kubelet client certificates found on control-plane nodes, in PEM. */
  readonly clientCertificates: readonly string[];
  /** The PEM bundle with which the API server verifies clients (ConfigMap extension-apiserver-authentication). */
  readonly clusterCa: string | undefined;
}

export interface ClientCaProblem {
  readonly blocks?: { readonly reason: string; readonly hint: string };
  readonly warning?: string;
}

/** What the node's own files show about its client CA: either a problem, or a bundle to check against the evidence. */
export type ClientCaCheck = ClientCaProblem | { readonly path: string; readonly bundle: string };

/** For a kubelet that rejects anonymous requests or uses the API server for authorization. Undefined for any other. */
export function clientCaCheck(facts: NodeFacts, setup: KubeletSetup): ClientCaCheck | undefined {
  const value = (path: string): unknown => settingAt(setup.sources, path)?.value;
  const closed = value('authentication.anonymous.enabled') === false || value('authorization.mode') === 'Webhook';
  if (!closed) return undefined;
  const path = setup.files['client-ca'];
  if (path === undefined) return blocked('no client CA is set, so this kubelet would reject the API server', hint);
  const file = facts.files.get(path);
  if (file?.kind === 'absent')
    return blocked(`the client CA ${path} does not exist, so the kubelet would not start`, hint);
  if (file?.kind !== 'file' || file.content === undefined) {
    return blocked(
      `the client CA ${path} could not be read, so it cannot be checked`,
      'make the file readable for root, then plan again',
    );
  }
  const bundle = file.content.toString('utf8');
  if (certificatesOf(bundle).length === 0)
    return blocked(`the client CA ${path} contains no certificate, so the kubelet would not start`, hint);
  return { path, bundle };
}

const hint =
  'set authentication.x509.clientCAFile to the CA that signed the API server’s kubelet client certificate, then plan again';

/** The result, given what is known about the API server. */
export function clientCaProblem(question: ClientCaCheck, evidence: ClientCaEvidence): ClientCaProblem {
  if (!('bundle' in question)) return question;
  const { path } = question;
  const authorities = certificatesOf(question.bundle);
  const clients = evidence.clientCertificates.flatMap((one) => certificatesOf(one));
  if (clients.length > 0) {
    if (clients.every((client) => authorities.some((authority) => verifies(authority, client)))) return {};
    return blocked(
      `the client CA ${path} did not sign the API server’s kubelet client certificate, so the kubelet would reject the API server`,
      hint,
    );
  }
  const known = certificatesOf(evidence.clusterCa ?? '');
  if (known.length > 0) {
    const shared = authorities.some((authority) =>
      known.some((one) => one.fingerprint256 === authority.fingerprint256),
    );
    if (shared) return {};
    return {
      warning: `${path} is not the cluster's client CA, so the kubelet may reject the API server; the gate checks this after the change`,
    };
  }
  return {
    warning: `${path} could not be checked against the API server's kubelet client certificate, because none was found`,
  };
}

const blocked = (reason: string, hint: string): ClientCaProblem => ({ blocks: { reason, hint } });

function verifies(authority: X509Certificate, client: X509Certificate): boolean {
  try {
    return client.checkIssued(authority) && client.verify(authority.publicKey);
  } catch {
    return false;
  }
}
