/** Which files of scenarios go together where several labs share them: as long together on each, by the seconds they took once. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const tables = JSON.parse(readFileSync(join(import.meta.dirname, 'seconds.json'), 'utf8')) as Record<
  string,
  Record<string, number>
>;
/** Real kubelets take another time for each file than the stand-in. */
const table = tables[process.env['KUBELATCH_LAB_KIND'] ?? 'standin'] ?? {};
/** One that is not in the table yet. */
const usual = 20;
const secondsOf = ({ moduleId }: TestSpecification): number => table[basename(moduleId, '.e2e.ts')] ?? usual;

/** The longest first, each to the part that has the least so far; every file is in exactly one of them. */
export function parts<T>(files: readonly T[], count: number, seconds: (file: T) => number): readonly (readonly T[])[] {
  const made = Array.from({ length: count }, (): { files: T[]; sum: number } => ({ files: [], sum: 0 }));
  for (const file of files.toSorted((one, other) => seconds(other) - seconds(one))) {
    const least = made.reduce((best, one) => (one.sum < best.sum ? one : best));
    least.files.push(file);
    least.sum += seconds(file);
  }
  return made.map((part) => part.files);
}

export class BySeconds extends BaseSequencer {
  override shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { index, count } = this.ctx.config.shard ?? { index: 1, count: 1 };
    // The same order for every part, so that they agree on who has what.
    const named = files.toSorted((one, other) => (one.moduleId < other.moduleId ? -1 : 1));
    return Promise.resolve([...(parts(named, count, secondsOf)[index - 1] ?? [])]);
  }

  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((one, other) => secondsOf(other) - secondsOf(one)));
  }
}
