/** A server whose sudo is the fake one, which takes `password`; its rules stand in the workshop's file `mode`, what it saw in `log`; those of a second server in a folder. */
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type OddServer, startOddServer } from './odd-server.js';
import type { Rig } from './rig.js';

export async function startSudoServer(rig: Rig, password: string, folder = '.'): Promise<OddServer> {
  const { shop } = rig;
  if (folder === '.') shop.key('host');
  mkdirSync(shop.path(`${folder}/bin`), { recursive: true });
  copyFileSync(fileURLToPath(new URL('fake-sudo.sh', import.meta.url)), shop.path(`${folder}/bin/sudo`));
  chmodSync(shop.path(`${folder}/bin/sudo`), 0o755);
  shop.write(`${folder}/password`, password);
  const server = await startOddServer({ hostKeyFile: shop.path('host'), bin: shop.path(`${folder}/bin`) });
  rig.later(() => server.stop());
  return server;
}
