/** Would the API server still be recognised by the kubelet? Checked before any change, since the wrong answer locks it out. */
import { X509Certificate } from 'node:crypto';
import { effectiveSetting } from '../facts/effective-kubelet.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { NodeFacts } from '../facts/node-facts.js';
import { settingByPath } from '../facts/settings.js';

/** What is known of the certificate that the API server shows to kubelets. */
export interface ClientCaEvidence {
  /** PEM texts of kubelet client certificates found on control-plane nodes. */
  readonly clientCertificates: readonly string[];
  /** PEM bundle with which the API server itself verifies clients (ConfigMap extension-apiserver-authentication). */
  readonly clusterCa: string | undefined;
}

export interface ClientCaProblem {
  readonly blocks?: { readonly reason: string; readonly hint: string };
  readonly warning?: string;
}

/** Judges the client CA of a kubelet that refuses anonymous requests or asks the API server for authorization. */
export function clientCaProblem(facts: NodeFacts, setup: KubeletSetup, evidence: ClientCaEvidence): ClientCaProblem {
  const value = (path: string): unknown => {
    const info = settingByPath.get(path);
    return info === undefined ? undefined : effectiveSetting(setup.sources, info).value;
  };
  const closed = value('authentication.anonymous.enabled') === false || value('authorization.mode') === 'Webhook';
  if (!closed) return {};
  const path = setup.files['client-ca'];
  const hint =
    'set authentication.x509.clientCAFile to the CA that signed the API server’s kubelet client certificate, then plan again';
  if (path === undefined)
    return blocked('no client CA is set: the API server would be locked out of this kubelet', hint);
  const file = facts.files.get(path);
  if (file?.kind === 'absent')
    return blocked(`the client CA ${path} does not exist: the kubelet would not start`, hint);
  if (file?.kind !== 'file' || file.content === undefined) {
    return blocked(
      `the client CA ${path} could not be read, so it cannot be checked`,
      'make it readable for root and plan again',
    );
  }
  const authorities = certificatesOf(file.content.toString('utf8'));
  if (authorities.length === 0)
    return blocked(`the client CA ${path} holds no certificate: the kubelet would not start`, hint);
  const clients = evidence.clientCertificates.flatMap(certificatesOf);
  if (clients.length > 0) {
    if (clients.every((client) => authorities.some((authority) => verifies(authority, client)))) return {};
    return blocked(
      `the client CA ${path} did not sign the API server’s kubelet client certificate: it would be locked out`,
      hint,
    );
  }
  const bundle = certificatesOf(evidence.clusterCa ?? '');
  if (bundle.length > 0) {
    const shared = authorities.some((authority) =>
      bundle.some((one) => one.fingerprint256 === authority.fingerprint256),
    );
    if (shared) return {};
    return { warning: `${path} is not the cluster's client CA: the API server may be locked out (the gate will tell)` };
  }
  return { warning: `${path} was not checked against the API server's kubelet client certificate: none was seen` };
}

const blocked = (reason: string, hint: string): ClientCaProblem => ({ blocks: { reason, hint } });

function certificatesOf(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

function verifies(authority: X509Certificate, client: X509Certificate): boolean {
  try {
    return client.checkIssued(authority) && client.verify(authority.publicKey);
  } catch {
    return false;
  }
}
