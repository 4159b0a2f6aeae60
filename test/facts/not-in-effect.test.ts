import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { findIneffectiveSettings, outdatedReason } from '../../src/facts/not-in-effect.js';
import type { Configz } from '../../src/facts/running-differences.js';
import { sameSetting } from '../../src/facts/same-setting.js';
import { factsOf, fileOf, processOf, startedAt, unitOf } from '../nodes/facts-of.js';

const unitPath = '/etc/systemd/system/kubelet.service';
const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

function nodeWith(flags: string, config = '', over: Partial<NodeFacts> = {}): NodeFacts {
  const command = `/usr/bin/kubelet --config=/c ${flags}`.trim();
  const texts = { [unitPath]: `[Service]\nExecStart=${command}\n`, '/c': head + config };
  return factsOf(texts, { processes: [processOf(command.split(' '))], ...over });
}

function setupOf(facts: NodeFacts): NonNullable<ReturnType<typeof detectDistro>>['setup'] {
  const setup = detectDistro(facts)?.setup;
  if (setup === undefined) throw new Error('no kubelet');
  return setup;
}

const found = (facts: NodeFacts, configz?: Configz): string[] =>
  findIneffectiveSettings(facts, setupOf(facts), configz).map(({ kind, what }) => `${kind} ${what}`);

/** What a kubelet with the secure defaults shows. */
const live = {
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true, cacheTTL: '2m0s' }, x509: {} },
  authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
  ...{ port: 10250, address: '0.0.0.0', streamingConnectionIdleTimeout: '4h0m0s', makeIPTablesUtilChains: true },
  ...{ eventRecordQPS: 5, podPidsLimit: -1, enableDebuggingHandlers: true, healthzBindAddress: '127.0.0.1' },
  ...{ healthzPort: 10248, tlsCertFile: '/var/lib/kubelet/pki/kubelet.crt' },
  tlsPrivateKeyFile: '/var/lib/kubelet/pki/kubelet.key',
};

describe('findWithoutEffect', () => {
  it('finds nothing where all is in effect', () => {
    expect(found(nodeWith('--v=2', 'readOnlyPort: 0\n'))).toEqual([]);
    expect(found(nodeWith('--v=2', 'readOnlyPort: 0\n'), live)).toEqual([]);
  });

  it('does not call what adds up overridden', () => {
    expect(
      found(
        nodeWith(
          '--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 --tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA',
        ),
      ),
    ).toEqual([]);
    expect(found(nodeWith('--feature-gates=NodeSwap=true', 'featureGates: {NodeLogQuery: true}\n'))).toEqual([]);
    expect(found(nodeWith('--feature-gates=NodeSwap=true', 'featureGates: {NodeSwap: false}\n'))).toEqual([
      'overridden featureGates',
    ]);
    expect(found(nodeWith('--read-only-port=0', 'readOnlyPort: 0\n'))).toEqual([]);
    expect(found(nodeWith('--streaming-connection-idle-timeout=300s', 'streamingConnectionIdleTimeout: 5m\n'))).toEqual(
      [],
    );
  });

  it('finds what a flag overrides, and names both places', () => {
    const facts = nodeWith('--read-only-port=10255', 'readOnlyPort: 0\n');
    const [one] = findIneffectiveSettings(facts, setupOf(facts), undefined);
    expect(one).toMatchObject({ kind: 'overridden', source: { kind: 'file', path: '/c', line: 3 } });
    expect(one?.message).toContain(`${unitPath}:2`);
    expect(one?.message).toContain('10255');
  });

  it('finds settings that the running kubelet has otherwise', () => {
    expect(found(nodeWith('', ''), { ...live, readOnlyPort: 10255 })).toEqual(['differs readOnlyPort']);
    expect(found(nodeWith('', 'serverTLSBootstrap: true\n'), live)).toEqual(['differs serverTLSBootstrap']);
  });

  it('ignores values that the kubelet fills in, and defaults of other versions', () => {
    expect(found(nodeWith('', 'eventRecordQPS: 50\n'), live)).toEqual(['differs eventRecordQPS']);
    expect(found(nodeWith('', ''), live)).toEqual([]);
  });

  it('tells a fault, and does not compare a file that cannot be read with the running kubelet', () => {
    expect(found(nodeWith('', 'a: [\n'), { ...live, readOnlyPort: 10255 })).toEqual(['fault kubelet configuration']);
  });
});

describe('outdatedReason', () => {
  const reason = (facts: NodeFacts): string | undefined => outdatedReason(facts, setupOf(facts))?.message;
  const changed = (seconds: number): NodeFacts => {
    const facts = nodeWith('');
    return { ...facts, files: new Map(facts.files).set('/c', fileOf('/c', head, { mtime: startedAt + seconds })) };
  };

  it.each<[string, NodeFacts, RegExp | undefined]>([
    ['nothing', nodeWith(''), undefined],
    ['no process', nodeWith('', '', { processes: [] }), undefined],
    ['a younger file', changed(60), /^\/c was changed after/],
    ['a file of the same moment', changed(1), undefined],
    ['no daemon-reload', nodeWith('', '', { units: [unitOf({ needsReload: true })] }), /daemon-reload/],
    [
      'other arguments than its unit has: something else decides them',
      nodeWith('--v=2', '', { processes: [processOf(['/usr/bin/kubelet', '--config=/c'])] }),
      undefined,
    ],
    [
      'a wrapper before them',
      nodeWith('', '', { processes: [processOf(['/bin/sh', '/usr/bin/kubelet', '--config=/c'])] }),
      undefined,
    ],
    [
      'a specifier, which only systemd knows',
      nodeWith('--hostname-override=%m', '', {
        processes: [processOf(['/usr/bin/kubelet', '--config=/c', '--hostname-override=n1'])],
      }),
      undefined,
    ],
  ])('%s', (_, facts, message) => {
    if (message === undefined) expect(reason(facts)).toBeUndefined();
    else expect(reason(facts)).toMatch(message);
  });
});

describe('sameSetting', () => {
  it.each<[unknown, unknown, boolean]>([
    ['2m', '2m0s', true],
    ['1h30m', '90m', true],
    ['1.5h', '90m', true],
    ['1500us', '1.5ms', true],
    ['-1s', '1s', false],
    ['5m', '5s', false],
    ['0s', '', false],
    [['a'], ['a'], true],
    [['a'], ['b'], false],
    [0, '0', false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  ])('%j and %j: %s', (left, right, same) => {
    expect(sameSetting(left, right)).toBe(same);
  });
});
