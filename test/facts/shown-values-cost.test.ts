/** Masking a line takes little time, whatever a megabyte of it holds. */
import { expect, it } from 'vitest';
import { maskedLine } from '../../src/facts/shown-values.js';

const paths = ['/etc/default/kubelet', '/etc/systemd/system/kubelet.service.d/10-x.conf', '/etc/rancher/x/config.yaml'];

it.each(['x', ' ', '"', '{', '[', ':', 'a: ', '--', '-- ', '"a":', '{a: ', "'", '- ', '# '])(
  'of a megabyte of %j takes no long time',
  (filling) => {
    const line = filling.repeat(1_000_000 / filling.length);
    const before = process.cpuUsage();
    for (const path of paths) maskedLine(path, line);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2500);
  },
);
