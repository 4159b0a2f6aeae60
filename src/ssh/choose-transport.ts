/** Which transport a host needs where the inventory leaves the choice, and what to say where the one that was tried lacks something. */
import { hostError } from './errors.js';
import type { HostError } from './errors.js';
import type { HostKeys } from './host-key.js';
import type { Keyring } from './keyring.js';
import type { Endpoint } from './route.js';

/** Why ssh2 need not be tried: what was chosen for the login, or all that there is, works with ssh alone. */
export async function reasonForOpenssh(endpoint: Endpoint, keyring: Keyring): Promise<string | undefined> {
  if (endpoint.hasCertificate) return '~/.ssh/config names a certificate (CertificateFile)';
  const candidates = await keyring.candidates(endpoint);
  const hasUsable = candidates.some(({ kind }) => kind !== 'unusable');
  for (const candidate of candidates) {
    if (candidate.kind !== 'unusable' || candidate.onlySsh === undefined) continue;
    if (candidate.onlySsh.chosen || !hasUsable) return `${candidate.label} ${candidate.reason}`;
  }
  return undefined;
}

/** Why ssh may accept a host key that ssh2 could not. */
export async function reasonInKnownHosts(
  endpoint: Endpoint,
  { kind }: HostError,
  hostKeys: HostKeys,
): Promise<string | undefined> {
  const authority = kind === 'host-key-unknown' ? await hostKeys.authority(endpoint) : undefined;
  return authority === undefined ? undefined : `${authority.place} names a certificate authority for it`;
}

export const withOpensshHint = ({ kind, message, hint }: HostError): HostError =>
  hostError(kind, message, `${hint}; or set ssh.transport: openssh in the inventory`);

/** Both were tried in vain. */
export const withSecondTry = (ssh2: HostError, openssh: HostError): HostError =>
  openssh.kind === 'aborted'
    ? openssh
    : hostError(openssh.kind, `${ssh2.message}; then by OpenSSH: ${openssh.message}`, openssh.hint);
