/** A node that does not prove healthy is put back by itself, to the byte, and the rest of the fleet is left alone. */
import { beforeAll, describe, expect, it } from 'vitest';
import { expectOpen } from './planted.js';
import { type RunResult, expectClear, failedChecks, hostOf, outcomes } from './results.js';
import { filesOf, openScene, plantAll, stateOf } from './scene.js';

const scene = openScene();
const { lab } = scene;
const all = ['n1', 'n2', 'n3', 'cp1'];
/** A canary of so many hosts, then the rest. */
const flags = (canary: number): string[] => [
  '--yes',
  '--waves',
  `${canary},100%`,
  '--max-unavailable',
  '2',
  '--settle',
  '2s',
];

const look = (nodes: readonly string[]): Promise<Look> => filesOf(lab, nodes);
const untouched = (nodes: readonly string[]): Promise<Look> => stateOf(lab, nodes);
type Look = Readonly<Record<string, unknown>>;

describe('a kubelet that dies on start', () => {
  const inventory = scene.inventory(['n1', 'n2', 'n3', 'cp1']);
  let before: Look;
  let others: Look;
  let result: RunResult;

  beforeAll(async () => {
    await plantAll(lab, all);
    before = await look(['n1']);
    others = await untouched(['n2', 'n3', 'cp1']);
    await lab.faultDiesWhenHardened('n1');
    result = await scene.result<RunResult>(4, ['apply', '-i', inventory, ...flags(1)]);
    await lab.clearFaults('n1');
  });

  it('is seen dead and reported with its own words', () => {
    const host = hostOf(result, 'n1');
    expect(host.outcome).toBe('reverted');
    expectClear(host);
    expect(failedChecks(host)).toContain('kubelet-process');
    expect(host.log.join('\n')).toMatch(/\bca\.crt\b/);
  });

  it('has every byte, mode and owner back, and serves as before', async () => {
    expect(await look(['n1'])).toEqual(before);
    await expectOpen(lab, 'n1');
  });

  it('was reverted within 30 s of the restart', () => {
    const at = (step: string): number =>
      Date.parse(scene.journal(result.run.id).find((one) => one.host === 'n1' && one.step === step)?.time ?? '');
    expect(at('revert') - at('restart')).toBeLessThan(30_000);
    const { restart = NaN, gate = NaN, revert = NaN } = hostOf(result, 'n1').timingsMs;
    expect(restart + gate + revert).toBeLessThan(30_000);
  });

  it('costs no other node anything', async () => {
    expect(outcomes(result)).toEqual({ n1: 'reverted', n2: 'skipped', n3: 'skipped', cp1: 'skipped' });
    expect(result.stopped).toContain('n1');
    expect(await untouched(['n2', 'n3', 'cp1'])).toEqual(others);
    const steps = scene.journal(result.run.id).filter(({ entry }) => entry === 'step');
    expect(steps.map(({ host, step }) => `${host ?? ''} ${step ?? ''}`)).toEqual(
      ['connect', 'prepare', 'prove', 'arm', 'write', 'restart', 'gate', 'revert', 'gate'].map((step) => `n1 ${step}`),
    );
  });
});

describe('a kubelet that runs, on a node that turns NotReady or that the API server cannot reach', () => {
  // n1 and n3 are the canaries: one fault each, at once.
  const inventory = scene.inventory(['n1', 'n3', 'n2', 'cp1']);
  // Long enough for all but the fault to pass: a real kubelet serves after 6 s, and n3 renews its lease every 10 s.
  const deadline = lab.kind === 'real' ? '35s' : '15s';
  let before: Look;
  let others: Look;
  let result: RunResult;

  beforeAll(async () => {
    await plantAll(lab, all);
    await lab.faultNotReadyWhenHardened('n1');
    await lab.faultUnreachableWhenHardened('n3');
    before = await look(['n1', 'n3']);
    others = await untouched(['n2', 'cp1']);
    result = await scene.result<RunResult>(4, ['apply', '-i', inventory, ...flags(2), '--deadline', deadline]);
  });

  it.each([
    ['n1', 'NotReady', 'ready'],
    ['n3', 'unreachable for the API server', 'configz'],
  ])('puts %s back, which was %s', async (node, _state, check) => {
    const host = hostOf(result, node);
    expect(host.outcome).toBe('reverted');
    expectClear(host);
    expect(failedChecks(host)).toContain(check);
    expect(failedChecks(host)).not.toContain('kubelet-process');
    expect(await look([node])).toEqual({ [node]: before[node] });
    await expectOpen(lab, node);
  });

  it('tells the two apart', () => {
    expect(failedChecks(hostOf(result, 'n3'))).toEqual(['configz']);
    expect(failedChecks(hostOf(result, 'n1'))).toEqual(['ready']);
  });

  it('costs no other node anything', async () => {
    expect(outcomes(result)).toEqual({ n1: 'reverted', n3: 'reverted', n2: 'skipped', cp1: 'skipped' });
    expect(await untouched(['n2', 'cp1'])).toEqual(others);
  });
});

describe('a kubelet that has lost its way to the API server, with two minutes until the deadline', () => {
  const inventory = scene.inventory(['n1', 'n2', 'n3', 'cp1']);
  let before: Look;
  let result: RunResult;

  beforeAll(async () => {
    await plantAll(lab, all);
    await lab.faultCutOffWhenHardened('n1');
    before = await look(['n1']);
    result = await scene.result<RunResult>(4, ['apply', '-i', inventory, ...flags(1), '--not-ready-grace', '20s']);
    await lab.clearFaults('n1');
  });

  it('is reverted after the grace, by the Lease that it does not renew, and healthy with its old files', async () => {
    const host = hostOf(result, 'n1');
    expect(host.outcome).toBe('reverted');
    expectClear(host);
    expect(failedChecks(host)).toContain('lease');
    expect(host.reason).toMatch(/renewed 0 times, and no better for \d+s \(--not-ready-grace\)/);
    expect(await look(['n1'])).toEqual(before);
    await expectOpen(lab, 'n1');
  });

  it('costs no other node anything', () => {
    expect(outcomes(result)).toEqual({ n1: 'reverted', n2: 'skipped', n3: 'skipped', cp1: 'skipped' });
  });
});
