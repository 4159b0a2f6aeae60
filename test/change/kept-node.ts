/** A node that keeps one change, in any state, and puts it back as well as it can: what resume is tried against. */
import { FakeNode, answer, b64, lost, plan } from './fake-node.js';

export type KeptState = 'none' | 'prepared' | 'armed' | 'writing' | 'applied' | 'reverting' | 'confirmed' | 'reverted';

export interface KeptOptions {
  readonly id?: string;
  readonly state: KeptState;
  /** How putting back goes here. */
  readonly puttingBack?: 'works' | 'conflict' | 'broken' | 'restart-failed' | 'lost' | 'error once';
  readonly reachable?: boolean;
  readonly healthy?: boolean;
  /** What the node keeps of the plan can be read. */
  readonly readable?: boolean;
  readonly verdict?: string;
  readonly stuck?: string;
  readonly restarts?: boolean;
  readonly seclusion?: 'cordon' | 'drain';
}

export class KeptNode extends FakeNode {
  state: KeptState;
  verdict: string;
  /** By whom it was put back here. */
  readonly putBackBy: string[] = [];

  constructor({ id = 'r1', ...options }: KeptOptions) {
    super();
    this.state = options.state;
    this.verdict = options.verdict ?? '';
    if (options.reachable === false) this.connect = () => ({ ok: false, error: lost });
    if (options.healthy === false) this.doors['10248'] = 'refused';
    const about =
      options.readable === false
        ? '{"plan":3}'
        : JSON.stringify({
            plan: plan({ edits: [], restart: options.restarts ?? true }),
            seclusion: options.seclusion,
          });
    this.answers['list'] = () => {
      const texts = `v${b64(this.verdict)} s${b64(options.stuck ?? '')}`;
      const kept = this.state === 'none' ? '' : `transaction ${b64(id)} ${this.state} ${b64(about)} ${texts} -\n`;
      return `${kept}${answer('listed')}`;
    };
    let errors = options.puttingBack === 'error once' ? 1 : 0;
    this.answers['revert'] = () => {
      if (this.state === 'none') return answer('none');
      if (this.state === 'reverted') return answer('reverted', 'already');
      if (this.state === 'prepared' || this.state === 'armed') {
        this.state = this.state === 'prepared' ? 'none' : 'reverted';
        return answer('nothing');
      }
      if (errors-- > 0) return answer('error', 'somebody else is at it');
      switch (options.puttingBack) {
        case 'conflict':
          return answer('conflict', '/etc/kubelet.yaml');
        case 'broken':
        case 'restart-failed':
          this.state = 'reverting';
          return answer(options.puttingBack, 'no luck');
        case 'lost':
          return { error: lost };
        default:
          this.state = 'reverted';
          this.verdict = 'reverted by resume r1';
          return answer('reverted');
      }
    };
  }
}
