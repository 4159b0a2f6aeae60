import { describe, expect, it } from 'vitest';
import { systemd } from '../../src/distros/systemd.js';
import type { FileFact } from '../../src/facts/node-facts.js';
import { factsOf, processOf } from '../nodes/facts-of.js';

const unit = '/etc/systemd/system/kubelet.service';
const config = '/etc/kubernetes/kubelet.yaml';

/** Faults of a kubelet with these arguments and this file, where these paths are not there. */
function faults(args: string, text: string, absent: readonly string[]): string[] {
  const facts = factsOf(
    { [unit]: `[Service]\nExecStart=/usr/bin/kubelet --config=${config} ${args}\n`, [config]: text },
    { processes: [processOf(['/usr/bin/kubelet', `--config=${config}`, ...args.split(' ').filter(Boolean)])] },
  );
  const gone = absent.map((path): [string, FileFact] => [path, { kind: 'absent', path }]);
  const setup = systemd.detect({ ...facts, files: new Map([...facts.files, ...gone]) });
  return (setup?.sources.faults ?? []).map((one) => `${one.path}:${one.line ?? ''}: ${one.message}`);
}

const header = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

describe('a file that a configuration names and that is not there', () => {
  it('is a client CA, told with the line that names it', () => {
    const text = `${header}authentication:\n  x509:\n    clientCAFile: /etc/ca.crt\n`;
    expect(faults('', text, ['/etc/ca.crt'])).toEqual([
      `${config}:5: authentication.x509.clientCAFile names /etc/ca.crt, which does not exist; the kubelet would not start`,
    ]);
    expect(faults('', text, [])).toEqual([]);
  });

  it('is named relative to the file that says it', () => {
    const text = `${header}authentication: {x509: {clientCAFile: pki/ca.crt}}\n`;
    expect(faults('', text, ['/etc/kubernetes/pki/ca.crt'])).toHaveLength(1);
    expect(faults('', text, ['/pki/ca.crt'])).toEqual([]);
  });

  it('is a certificate, unless the kubelet asks for one', () => {
    const text = `${header}tlsCertFile: /etc/kubelet.crt\n`;
    expect(faults('', text, ['/etc/kubelet.crt'])).toHaveLength(1);
    expect(faults('', `${text}serverTLSBootstrap: true\n`, ['/etc/kubelet.crt'])).toEqual([]);
  });

  it('is a kubeconfig without another to begin with', () => {
    const both = '--bootstrap-kubeconfig=/etc/b.conf --kubeconfig=/etc/k.conf';
    expect(faults('--kubeconfig=/etc/k.conf', header, ['/etc/k.conf'])).toHaveLength(1);
    expect(faults(both, header, ['/etc/k.conf'])).toEqual([]);
    expect(faults(both, header, ['/etc/k.conf', '/etc/b.conf'])).toHaveLength(1);
  });
});
