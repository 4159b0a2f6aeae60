/** Vitest's JSON results, with what they leave out: why a hook of a `describe` failed, and that a test took too long. */
import { type JsonTestResults, JsonReporter, type TestModule, type TestSuite } from 'vitest/node';

export default class ResultsReporter extends JsonReporter {
  /** By the file's path: what its hooks said. */
  readonly #said = new Map<string, string[]>();

  constructor() {
    super({});
  }

  onTestSuiteResult(suite: TestSuite): void {
    this.#keep(suite.module, suite.name, suite.errors());
  }

  onTestModuleEnd(module: TestModule): void {
    this.#keep(module, 'the file', module.errors());
  }

  override async writeReport(report: string): Promise<void> {
    const results = JSON.parse(report) as JsonTestResults;
    for (const file of results.testResults) {
      file.message = (this.#said.get(file.name) ?? []).join('\n');
      for (const test of file.assertionResults) test.failureMessages = test.failureMessages?.map(withoutMark) ?? null;
    }
    await super.writeReport(JSON.stringify(results));
  }

  #keep(module: TestModule, name: string, errors: ReturnType<TestSuite['errors']>): void {
    const said = errors.map(({ message }) => `${name}: ${message}`);
    if (said.length > 0) this.#said.set(module.moduleId, [...(this.#said.get(module.moduleId) ?? []), ...said]);
  }
}

/** The stack of a test that took too long was made when the test was declared: its first line is a mark of vitest's own. */
function withoutMark(stack: string): string {
  return stack.replace(/^Error: STACK_TRACE_ERROR$/m, 'Error: the test took longer than its timeout');
}
