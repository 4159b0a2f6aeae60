/** `kubelatch verify`: tests kubelets from outside; what it creates in the cluster is gone when it ends. */
import { readFileSync } from 'node:fs';
import { ToolError, fileErrorOf } from '../../lib/errors.js';
import { print, safeText } from '../../lib/output.js';
import { verify } from '../../pipeline/verify.js';
import { exitCodeOf } from '../../report/exit-code.js';
import { type CliContext, loadHosts, loadPlaybooks, withRun } from '../context.js';
import { writeOut } from '../write-out.js';

export async function verifyVerb(cli: CliContext): Promise<number> {
  const { flags, shutdown, progress } = cli;
  const servingCa = flags.servingCa === undefined ? undefined : readBundle(flags.servingCa);
  const loaded = { ...(await loadHosts(cli)), playbooks: await loadPlaybooks(cli) };
  progress.phase('Verifying', loaded.hosts.length);
  const result = await withRun(cli, loaded, (run) =>
    verify(run, {
      readOnly: flags.readOnly ?? false,
      probeImage: flags.probeImage,
      servingCa,
      // From here on a signal ends the checks, and the objects in the cluster are removed first.
      beforeCreate: () => shutdown.changesStarted(),
    }),
  );
  const interrupted = shutdown.exitCode();
  if (interrupted !== undefined) {
    // They say what is left in the cluster.
    print(process.stderr, safeText(`${['Cancelled.', ...result.notes].join('\n  ')}\n`));
    return interrupted;
  }
  await writeOut(cli, result);
  return exitCodeOf(result, { failOn: flags.failOn });
}

function readBundle(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ToolError('usage', `--serving-ca ${path}: ${fileErrorOf(error)}`, { cause: error });
  }
  if (text.includes('BEGIN CERTIFICATE')) return text;
  throw new ToolError('usage', `--serving-ca ${path}: it holds no certificate`, { hint: 'give a file in PEM format' });
}
