/** Signs a login with one key, whenever its passphrase is known. */
import ssh2 from 'ssh2';
import type { IdentityCallback, ParsedKey, SignCallback, SigningRequestOptions } from 'ssh2';
import { messageOf } from '../lib/errors.js';
import { oneLine } from '../lib/sanitize.js';
import type { Offer } from './keyring.js';

/** Runs `ask` while the login timeout is paused. */
export type PausedFor = <T>(ask: () => Promise<T>) => Promise<T>;

/** An ssh2 agent with one key. Only agents can sign asynchronously, so a passphrase is asked for only if the server accepts the key. */
export class SingleKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  signed = false;
  private readonly offer: Offer;
  private readonly pausedFor: PausedFor;
  private readonly onRefusal: (reason: string) => void;

  constructor(offer: Offer, pausedFor: PausedFor, onRefusal: (reason: string) => void) {
    super();
    this.offer = offer;
    this.pausedFor = pausedFor;
    this.onRefusal = onRefusal;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.offer.publicKey]);
  }

  override sign(
    _key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback;
    const hash = typeof options === 'function' ? undefined : options.hash;
    this.pausedFor(() => this.offer.sign(data, { hash })).then(
      (signature) => {
        this.signed = true;
        done?.(undefined, signature);
      },
      (error: unknown) => {
        const reason = oneLine(messageOf(error));
        this.onRefusal(reason);
        done?.(new Error(reason));
      },
    );
  }
}
