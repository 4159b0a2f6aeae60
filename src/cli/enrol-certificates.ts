/** Host keys that an authority in known_hosts signed count as compared, if OpenSSH accepts the host's certificate. */
import type { Fingerprints } from '../inventory/fingerprints.js';
import { type KeySurvey, checkCertificates } from '../pipeline/host-keys.js';
import { line } from '../report/words.js';
import type { CliContext } from './context.js';
import { say } from './say.js';

type Unknown = KeySurvey['unknown'][number];

/** The keys in accepted certificates. What a list of fingerprints names is left to that list. */
export async function certifiedKeys(
  { progress, flags }: CliContext,
  open: readonly Unknown[],
  listed: Fingerprints | undefined,
): Promise<readonly Unknown[]> {
  const isListed = ({ key }: Unknown): boolean => key.names.some((name) => listed?.has(name.toLowerCase()) === true);
  const candidates = open.filter((one) => one.key.authority !== undefined && !isListed(one));
  if (candidates.length === 0) return [];
  progress.phase('Verifying host certificates', candidates.length, { doing: 'verifying', done: 'verified' });
  const checked = await checkCertificates(candidates, flags.forks, ({ label }, isCertified) => {
    if (isCertified) progress.onEvent({ event: 'read', host: label });
  });
  await progress.stop();
  return checked.flatMap(({ of, certified }) => {
    const { label, authority = '' } = of.key;
    if (certified.ok) {
      const { type, fingerprint } = certified.value;
      say(
        `+ ${line(label)}: OpenSSH accepts its host certificate (authority: ${line(authority)}); the key is ${type} ${fingerprint}`,
      );
      return [{ key: certified.value, hosts: of.hosts }];
    }
    say(
      `! ${line(label)}: ${line(authority)} names a certificate authority, but no host certificate was accepted: ${line(certified.error)}`,
    );
    return [];
  });
}
