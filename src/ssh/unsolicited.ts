/** Limits unsolicited messages of an SSH server. A few are normal (keepalives, host keys, exit statuses), a flood is not. */

/** Messages per connection. sshd's keepalives and exit statuses stay far below this. */
export const MAX_UNSOLICITED = 20_000;

/** Prefixes of ssh2's debug lines for unsolicited messages. */
const UNSOLICITED = ['IGNORE', 'DEBUG', 'GLOBAL_REQUEST', 'CHANNEL_REQUEST', 'CHANNEL_OPEN '].flatMap((name) => [
  `Inbound: ${name}`,
  `Inbound: Received ${name}`,
]);

/** A listener for ssh2's debug lines. Calls `tooMany` once, when the server exceeds `most` messages. */
export function limitUnsolicited(tooMany: (error: Error) => void, most = MAX_UNSOLICITED): (line: string) => void {
  let seen = 0;
  return (line) => {
    // There is a line for each packet, and most are none of these.
    if (!line.startsWith('Inbound: ') || !UNSOLICITED.some((start) => line.startsWith(start))) return;
    seen++;
    if (seen === most + 1) tooMany(new Error(`the server sent more than ${most} unsolicited SSH messages`));
  };
}
