/** Files that put the packet filter on nodes by hand: its table, and a unit of its own. Pure. */
import { type TableOptions, filterPath, nftPath, nftablesTable } from '../filter/packet-filter.js';
import type { NodeFile } from './model.js';

const tableUnit = 'kubelatch-nftables.service';

/** The table and the unit that loads it at boot. Throws ToolError for what is no network, address or port. */
export const nftablesFiles = (options: TableOptions): readonly NodeFile[] => [
  { path: filterPath, text: nftablesTable(options) },
  { path: `/etc/systemd/system/${tableUnit}`, text: nftablesUnit() },
];

/** Loads the table before the kubelet starts, and removes it when it is stopped. */
export const nftablesUnit = (): string => `# Written by kubelatch.
[Unit]
Description=Keep pods from the kubelet (kubelatch)
Documentation=man:nft(8)
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target kubelet.service shutdown.target
After=nftables.service
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${nftPath} -f ${filterPath}
ExecReload=${nftPath} -f ${filterPath}
ExecStop=-${nftPath} delete table inet kubelatch

[Install]
WantedBy=multi-user.target
`;
