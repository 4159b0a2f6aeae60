/** What JSON says of every host that was read, whatever was asked of it. */
import type { HostAudit } from './model.js';

type Head = Pick<HostAudit, 'host' | 'nodeName' | 'role' | 'distro' | 'kubeletVersion' | 'status' | 'error'>;

export const hostHead = ({ host, nodeName, role, distro, kubeletVersion, status, error }: Head) => ({
  host,
  nodeName: nodeName ?? null,
  role,
  distro: distro ?? null,
  kubeletVersion: kubeletVersion ?? null,
  status,
  ...(error === undefined ? {} : { error: { kind: error.kind, message: error.message, hint: error.hint } }),
});
