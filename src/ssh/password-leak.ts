/** Detects a sudo password in the output of a host. */

/** Characters. A shorter password may be a common word in the output. */
const minLength = 10;

/** True if `bytes` contain the password, plain or inside base64, which node scripts use for arbitrary content. */
export function containsPassword(bytes: Buffer, secret: string | undefined): boolean {
  if (secret === undefined || secret.length < minLength) return false;
  return [secret, ...base64Forms(secret)].some((form) => bytes.includes(form));
}

/** The base64 characters that depend on the password alone, for each of the three possible byte offsets. */
const base64Forms = (secret: string): string[] =>
  [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    const whole = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString('base64');
    return whole.slice(before === 0 ? 0 : before + 1);
  });
