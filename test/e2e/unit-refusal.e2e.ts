/** Somebody else's edit of a unit that waits for the next restart: what it breaks is told, and the node is not touched. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Audit, type RunResult, expectClear, hostOf } from './results.js';
import { kubeletFiles, openScene, plantAll, processOf, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const folder = '/etc/systemd/system/kubelet.service.d';
const site = `${folder}/50-site.conf`;
const later = `${folder}/zzz-other.conf`;
const clear = (): Promise<unknown> =>
  Promise.all(['n1', 'n3'].map((node) => lab.on(node, `rm -f ${site} ${later}; systemctl daemon-reload`)));

beforeAll(async () => {
  await clear();
  await plantAll(lab, ['n1', 'n3']);
});
afterAll(clear);

async function refused(node: string): Promise<string> {
  const look = async (): Promise<unknown> => [await kubeletFiles(lab, node), await processOf(lab, node)];
  const before = await look();
  const result = await scene.result<RunResult>(1, ['apply', '-i', scene.inventory([node]), ...swift]);
  const { outcome, reason } = hostOf(result, node);
  expect(outcome).toBe('refused');
  expectClear(hostOf(result, node));
  expect(await look()).toEqual(before);
  return reason ?? '';
}

it('a drop-in that systemd has not read names an environment file that is gone: told with its line, not touched', async () => {
  const text = '[Service]\\n# site\\nEnvironmentFile=/etc/site.env\\n';
  await lab.on('n1', `mkdir -p ${folder} && printf '${text}' >${site}`);
  const audit = await scene.result<Audit>(0, ['audit', '-i', scene.inventory(['n1'])]);
  const fault = hostOf(audit, 'n1').findings.find((one) => one.source?.path === site);
  expect(fault).toMatchObject({ severity: 'critical', source: { path: site, line: 3 } });
  expect(await refused('n1')).toContain(`${site}:3: EnvironmentFile=/etc/site.env does not exist`);
  // As soon as it is there, nothing stands in the way for a person who accepts a variable that nobody can compare.
  await lab.on('n1', `printf 'A=1\\n' >/etc/site.env`);
  await scene.result<RunResult>(0, ['apply', '-i', scene.inventory(['n1']), ...swift, '--accept-pending-edits']);
  await lab.on('n1', 'rm /etc/site.env');
});

it('a drop-in that sorts after ours sets ExecStart= again: told with its line, not touched', async () => {
  await lab.on(
    'n3',
    `mkdir -p ${folder} && { echo '[Service]'; echo ExecStart=; systemctl cat kubelet | sed -n '/^ExecStart=/,/[^\\\\]$/p'; } >${later}
systemctl daemon-reload`,
  );
  expect(await refused('n3')).toMatch(
    new RegExp(`${later}:2 overrides ExecStart=, because it sorts after zz-kubelatch.conf`),
  );
});
