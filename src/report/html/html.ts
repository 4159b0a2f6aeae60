/** Results as one HTML page that needs nothing else: data as JSON, and a policy that lets its own script and style run and no request out. */
import { base64Sha256 } from '../../lib/digest.js';
import { type SafeText, ownProgram, safeForm, safeScriptJson } from '../../lib/output.js';
import type { JudgedResult } from '../judged-row.js';
import type { NothingToResume, PastRunResult, RunResult } from '../model.js';
import { line } from '../words.js';
import { xmlText } from '../xml.js';
import { pageScript, pageStyle } from './assets.js';
import { judgedData } from './page-data.js';
import { runData } from './run-data.js';

export type PageResult = JudgedResult | RunResult | PastRunResult | NothingToResume;

export function htmlPage(results: readonly PageResult[]): SafeText {
  const judged = results.filter(isJudged).map(judgedData);
  const runs = results.flatMap((one) => (isJudged(one) || one.run === undefined ? [] : [runData(one)]));
  const [cluster = ''] = results.flatMap((one) => ('cluster' in one ? [line(one.cluster)] : []));
  const title = xmlText(cluster === '' ? 'kubelatch' : `kubelatch: ${cluster}`);
  const [script, style] = [pageScript(), pageStyle()];
  const hashes = `script-src 'sha256-${base64Sha256(script)}'; style-src 'sha256-${base64Sha256(style)}'`;
  const policy = ownProgram(`default-src 'none'; ${hashes}; base-uri 'none'; form-action 'none'`);
  return safeForm`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${ownProgram(style)}</style>
</head>
<body>
<header><h1>${title}</h1></header>
<main><noscript><p>This page needs JavaScript to show its data. It makes no request.</p></noscript></main>
<script type="application/json" id="data">${safeScriptJson({ judged, runs })}</script>
<script>${ownProgram(script)}</script>
</body>
</html>
`;
}

const isJudged = (result: PageResult): result is JudgedResult =>
  result.kind === 'audit' || result.kind === 'verify' || result.kind === 'plan';
