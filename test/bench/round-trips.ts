/** How often a client had to wait for the node after its login, from the messages that a host of ssh2 has seen. Pure. */

export interface Message {
  /** Milliseconds by one clock: when it was sent by the host, or had arrived there. */
  readonly at: number;
  /** As ssh2 tells it: `Inbound: CHANNEL_OPEN (s:0, session)`. */
  readonly text: string;
}

export interface Exchange {
  /** The longest chain of messages of the client that each had to wait for an answer to the one before. */
  readonly roundTrips: number;
  readonly channels: number;
}

/** No step of a conversation: nothing waits for them. */
const asides = /^(CHANNEL_(WINDOW_ADJUST|EOF|CLOSE)|DISCONNECT|IGNORE|DEBUG)$/;

/** `delay`: milliseconds that each message of the client was on its way; so it has left after what the host sent before that. */
export function exchangeOf(messages: readonly Message[], delay: number): Exchange {
  const sent: { readonly at: number; readonly depth: number }[] = [];
  let [depth, channels] = [0, 0];
  for (const { at, text } of messages) {
    const [, way, name = ''] = /^(Inbound|Outbound): (?:Received |Sending )?(\w+)/.exec(text) ?? [];
    if (way === 'Outbound' && (sent.length > 0 || name === 'USERAUTH_SUCCESS')) sent.push({ at, depth });
    if (way !== 'Inbound' || sent.length === 0 || asides.test(name)) continue;
    const known = sent.filter((one) => one.at <= at - delay).map((one) => one.depth);
    depth = Math.max(depth, 1 + Math.max(0, ...known));
    channels += Number(name === 'CHANNEL_OPEN');
  }
  return { roundTrips: depth, channels };
}
