/** The schemas of other people's formats, as they were published: see schemas/README.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import Ajv4Module from 'ajv-draft-04';
import formatsModule from 'ajv-formats';
import { project } from '../source-file.js';

const read = (name: string): object =>
  JSON.parse(readFileSync(join(project, 'test/report/schemas', name), 'utf8')) as object;

// Both packages are CommonJS: their default export is a member here.
const Ajv4 = (Ajv4Module as unknown as { default: typeof Ajv }).default;
const addFormats = (formatsModule as unknown as { default: (ajv: Ajv) => Ajv }).default;

/** What is wrong with the document; empty if nothing is. */
type Validate = (document: unknown) => readonly string[];

function validator(ajv: Ajv, schema: object): Validate {
  const check = addFormats(ajv).compile(schema);
  return (document) =>
    check(document) ? [] : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message ?? ''}`);
}

const options = { allErrors: true, strict: false, validateFormats: true } as const;

export const sarifFaults: Validate = validator(new Ajv4(options), read('sarif-2.1.0.json'));

export const oscalFaults: Validate = validator(new Ajv(options), read('oscal-assessment-results-1.1.3.json'));
