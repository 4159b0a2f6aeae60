/** Holds a text of any -o format against the validator of that format. */
import { parse } from 'parse5';
import { SaxesParser } from 'saxes';
import { expect } from 'vitest';
import type { Format } from '../../src/report/format-table.js';
import { expectConforms, expectLinesConform } from './conforms.js';
import { parseCsv } from './csv-parser.js';
import { parseOpenMetrics } from './openmetrics-parser.js';
import { oscalFaults, sarifFaults } from './schema-files.js';

/** A line of progress, which belongs on stderr: it has a time before it, or tells what a host is doing. */
const progress = /^\d{4}-\S+Z |: connecting$/m;

const validators: Readonly<Record<Format, (text: string) => void>> = {
  table: expectText,
  wide: expectText,
  json: expectConforms,
  ndjson: expectLinesConform,
  csv(text) {
    const [header = [], ...rows] = parseCsv(text);
    expect(header.length).toBeGreaterThan(1);
    for (const row of rows) expect(row).toHaveLength(header.length);
  },
  markdown(text) {
    expect(text).toMatch(/^# kubelatch /);
    const fences = text.split('\n').filter((line) => line.startsWith('```'));
    expect(fences.length % 2, text).toBe(0);
  },
  html(text) {
    const faults: string[] = [];
    parse(text, {
      sourceCodeLocationInfo: true,
      onParseError: ({ code, startLine }) => faults.push(`${startLine}: ${code}`),
    });
    expect(faults).toEqual([]);
  },
  junit(text) {
    const names: string[] = [];
    const parser = new SaxesParser();
    parser.on('error', (error) => {
      throw error;
    });
    parser.on('opentag', ({ name }) => names.push(name));
    parser.write(text).close();
    expect(names[0]).toBe('testsuites');
  },
  sarif: (text) => expect(sarifFaults(JSON.parse(text))).toEqual([]),
  oscal: (text) => expect(oscalFaults(JSON.parse(text))).toEqual([]),
  cklb: (text) => expect(JSON.parse(text)).toMatchObject({ cklb_version: '1.0' }),
  openmetrics: (text) => expect(parseOpenMetrics(text).size).toBeGreaterThan(0),
};

function expectText(text: string): void {
  expect(text.endsWith('\n')).toBe(true);
  expect(() => JSON.parse(text) as unknown).toThrow();
}

/** Valid, without colour, without progress. */
export function expectValid(format: Format, text: string): void {
  validators[format](text);
  expect(text).not.toContain('\u001b');
  if (!['table', 'wide', 'csv'].includes(format)) return;
  expect(text).not.toMatch(progress);
}
