import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import {
  type KubeletPorts,
  type PortsView,
  probeAddresses,
  plannedPorts,
  portsOf,
} from '../../src/facts/kubelet-ports.js';
import { withText } from '../../src/plan/simulate.js';
import { factsOf, processOf } from '../nodes/facts-of.js';

const config = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const unitPath = '/etc/systemd/system/kubelet.service';

interface Kubelet {
  /** Of its file; undefined: it has none. */
  readonly file?: string;
  readonly flags?: readonly string[];
  /** Those that the running kubelet was started with, where they are others. */
  readonly running?: readonly string[];
  readonly configz?: PortsView['configz'];
  readonly listening?: PortsView['facts']['listening'];
}

function viewOf({ file, flags = [], running, configz, listening = [] }: Kubelet): PortsView {
  const argv = ['/usr/bin/kubelet', ...(file === undefined ? [] : ['--config=/c.yaml']), ...flags];
  const files = {
    [unitPath]: `[Service]\nExecStart=${argv.join(' ')}\n`,
    ...(file === undefined ? {} : { '/c.yaml': config + file }),
  };
  const process = processOf(running === undefined ? argv : ['/usr/bin/kubelet', ...running]);
  const facts = factsOf(files, { processes: [process], listening });
  const setup = detectDistro(facts)?.setup;
  if (setup === undefined) throw new Error('no kubelet');
  return { setup, facts, configz };
}

const health = [{ address: '127.0.0.1', port: 10248 }];
const usual = { kubelet: 10250, readOnly: 10255, healthz: 10248, healthzHost: '127.0.0.1', address: '0.0.0.0' };

describe('portsOf', () => {
  it.each<[string, Kubelet, Partial<KubeletPorts>]>([
    ['defaults with a file', { file: '', listening: health }, {}],
    ['defaults without one', { listening: health }, {}],
    ['an address of its own', { file: 'address: 10.0.0.5\n', listening: health }, { address: '10.0.0.5' }],
    ['an address by flag', { flags: ['--address=fd00::5'], listening: health }, { address: 'fd00::5' }],
    ['every address by IPv6', { file: 'address: "::"\n', listening: health }, { address: '::' }],
    [
      'health on its own address',
      { file: 'healthzBindAddress: 10.0.0.5\n', listening: health },
      { healthzHost: '10.0.0.5' },
    ],
    [
      'health on the loopback of IPv6',
      { file: 'healthzBindAddress: "::1"\n', listening: health },
      { healthzHost: '::1' },
    ],
    [
      'health on every address',
      { file: 'healthzBindAddress: "::"\n', listening: health },
      { healthzHost: '127.0.0.1' },
    ],
    [
      'other ports',
      { file: 'port: 10350\nreadOnlyPort: 10355\nhealthzPort: 10348\n', listening: [{ address: '::', port: 10348 }] },
      { kubelet: 10350, readOnly: 10355, healthz: 10348 },
    ],
    ['no health port', { file: 'healthzPort: 0\n', listening: health }, { healthz: 0 }],
    ['a health port that nobody serves', { file: '', listening: [] }, { healthz: 0 }],
    // It is open under the number that the running kubelet has; after the restart it has the other one.
    [
      'a health port that will be another one',
      { file: 'healthzPort: 10348\n', configz: { healthzPort: 10248 }, listening: health },
      { healthz: 10348 },
    ],
    [
      'a read-only port that is off in the files alone',
      { file: 'readOnlyPort: 0\n', configz: { readOnlyPort: 10300 }, listening: health },
      { readOnly: 10300 },
    ],
    [
      'a read-only port of the files and another of the running kubelet',
      { file: 'readOnlyPort: 10256\n', configz: { readOnlyPort: 10300 }, listening: health },
      { readOnly: 10256, readOnlyPorts: [10256, 10300] },
    ],
    [
      'a read-only port that the running kubelet has by its arguments',
      { flags: ['--read-only-port=0'], running: ['--read-only-port=10300'], listening: health },
      { readOnly: 10300 },
    ],
    ['what is no port', { file: 'readOnlyPort: 70000\n', listening: health }, {}],
  ])('%s', (_, kubelet, over) => {
    expect(portsOf(viewOf(kubelet))).toEqual({ ...usual, ...over });
  });
});

describe('plannedPorts', () => {
  const planned = (kubelet: Kubelet, file: string): KubeletPorts => {
    const view = viewOf(kubelet);
    const after = detectDistro(withText(view.facts, 'kubelet.service', { path: '/c.yaml', text: config + file }));
    if (after === undefined) throw new Error('no kubelet');
    return plannedPorts(view, after.setup);
  };

  it('remember the read-only port that a change closes', () => {
    const kubelet = { file: 'address: 10.0.0.5\nreadOnlyPort: 10300\n', listening: health };
    expect(planned(kubelet, 'address: 10.0.0.5\nreadOnlyPort: 0\n')).toEqual({
      ...{ ...usual, readOnly: 10300, address: '10.0.0.5' },
    });
  });

  it('are those of the new files, and keep the old ones for a revert', () => {
    const before = { ...usual, address: '10.0.0.5', readOnly: 10255 };
    const kubelet = { file: 'address: 10.0.0.5\n', listening: health };
    expect(planned(kubelet, 'address: 127.0.0.1\nport: 10350\nhealthzPort: 10348\n')).toEqual({
      ...{ ...usual, address: '127.0.0.1', kubelet: 10350, healthz: 10348 },
      before,
    });
  });

  it('wait for no health port that nobody serves today', () => {
    expect(planned({ file: '' }, 'healthzPort: 10348\n').healthz).toBe(0);
  });
});

it('asks on the loopback what is bound to every address', () => {
  for (const every of [undefined, '', '0.0.0.0', '::', '0:0:0:0:0:0:0:0']) {
    expect(probeAddresses(every)).toEqual(['127.0.0.1', '::1']);
  }
  for (const one of ['10.0.0.5', 'fd00::5', '127.0.0.1']) expect(probeAddresses(one)).toEqual([one]);
});
