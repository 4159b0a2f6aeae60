/** The probe as kubelatch sends it to a host, taken from the program itself: whatever it sends tomorrow, the peers run the same. */
import { hostError } from '../../src/ssh/errors.js';
import { fail, ok } from '../../src/lib/result.js';
import { survey } from '../../src/pipeline/survey.js';
import type { Host } from '../../src/inventory/host.js';
import type { Session } from '../../src/ssh/session.js';
import { stdinOf } from '../../src/ssh/ssh-session.js';

const host: Host = {
  name: 'node',
  address: '198.18.0.1',
  role: 'worker',
  group: 'workers',
  ssh: { user: 'root', port: 22, jump: [], become: 'none' },
};

/** A shell script that runs the probe once. */
export async function probeText(): Promise<string> {
  let text: string | undefined;
  const stopped = fail(hostError('aborted', 'only the text is wanted', ''));
  const session: Session = {
    name: host.name,
    run: (script, args) => {
      text ??= stdinOf(script, args);
      return Promise.resolve(stopped);
    },
    open: () => Promise.resolve(stopped),
    close: () => Promise.resolve(),
  };
  const connect = (): Promise<ReturnType<typeof ok<Session>>> => Promise.resolve(ok(session));
  await survey([host], () => ({ playbooks: [], plan: undefined }), {
    connector: { connect, fresh: connect, close: () => Promise.resolve() },
    examiner: { ask: () => Promise.resolve(stopped), close: () => Promise.resolve() },
    cluster: undefined,
    forks: 1,
    timeout: 1_000,
    report: () => undefined,
  });
  if (text === undefined) throw new Error('kubelatch has sent no probe');
  return `#!/bin/sh\n${text}`;
}
