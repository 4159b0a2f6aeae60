/** The credential plugins in a kubeconfig, which kubectl runs as programs. */
import { readFile } from 'node:fs/promises';
import { oneLine } from '../lib/sanitize.js';
import { readYaml } from '../lib/yaml-source.js';

/** Each program once, safe to print. Empty if the file cannot be read, because kubectl then reports the error. */
export async function credentialPlugins(kubeconfig: string): Promise<readonly string[]> {
  const text = await readFile(kubeconfig, 'utf8').catch(() => '');
  const { users } = recordOf(readYaml(kubeconfig, text, '1.1').value);
  const programs = (Array.isArray(users) ? users : []).flatMap((one) => commandsOf(recordOf(recordOf(one)['user'])));
  return [...new Set(programs.map((one) => oneLine(one, 80)))];
}

function commandsOf(user: Readonly<Record<string, unknown>>): readonly string[] {
  const exec = recordOf(user['exec'])['command'];
  const provider = recordOf(recordOf(user['auth-provider'])['config'])['cmd-path'];
  return [exec, provider].filter((one): one is string => typeof one === 'string');
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
