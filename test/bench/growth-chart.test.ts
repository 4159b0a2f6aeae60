/** The chart of a run's growth. */
import { expect, it } from 'vitest';
import { growthChart } from './growth-chart.js';

const grown = [
  { hosts: 100, wall: 10, cpu: 4, peak: 120 },
  { hosts: 5_000, wall: 250, cpu: 130, peak: 140 },
];

it('has a panel for each figure, with the number of hosts below', () => {
  const svg = growthChart(grown);
  for (const title of ['Time, s', 'Processor time, s', 'Memory, MiB']) expect(svg).toContain(`>${title}</text>`);
  expect(svg.match(/>hosts<\/text>/g)).toHaveLength(3);
  expect(svg.match(/<circle /g)).toHaveLength(6);
  expect(svg.match(/>5,000<\/text>/g)).toHaveLength(3);
});

it('puts a point where its figures say, from 0 at the bottom', () => {
  const [first = ''] = /<polyline[^>]*>/.exec(growthChart(grown)) ?? [];
  // 100 of 5,000 hosts; 10 of 250 s, and 250 of 250 at the top.
  expect(first).toContain('points="67,209.2 312,46"');
});

it('is not drawn of nothing', () => {
  expect(() => growthChart([])).toThrow('there is no chart of no sizes');
});
