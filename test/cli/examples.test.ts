/** The folders of examples, as somebody uses them who has copied one: the commands there need no flags. */
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { project } from '../source-file.js';
import { openPlace } from './program.js';

const folders = ['kubeadm', 'k3s', 'rke2', 'systemd'];
const place = openPlace();
const copy = (folder: string): void => {
  mkdirSync(join(place.folder, folder), { recursive: true });
  for (const file of readdirSync(join(project, 'examples', folder))) {
    place.file(join(folder, file), readFileSync(join(project, 'examples', folder, file), 'utf8'));
  }
};
[...folders, 'playbooks'].forEach(copy);

describe('examples', () => {
  it.each(folders)('%s: its kubelatch.yaml and its inventory are taken as they are', async (folder) => {
    const there = { cwd: join(place.folder, folder) };
    const [apply, explain] = await Promise.all([
      // Every flag of apply is read before the hosts are chosen, and no host is chosen.
      place.kubelatch(['apply', '--yes', '--limit', 'nobody'], there),
      place.kubelatch(['explain', 'anonymous-auth'], there),
    ]);
    expect(apply.code).toBe(64);
    expect(apply.stderr).toContain('./kubelatch.yaml\n');
    expect(apply.stderr).toContain('"nobody"');
    expect({ code: explain.code, stdout: explain.stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining('authentication.anonymous.enabled') as string,
    });
  });

  it('the custom playbook adds its rules to the built-in one', async () => {
    const { code, stdout } = await place.kubelatch(['explain', 'our-pod-pids'], { cwd: join(place.folder, 'systemd') });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('podPidsLimit') as string });
  });
});
