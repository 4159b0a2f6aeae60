/** The page's own script and style: files of this package, which the build copies beside this one. */
import { shippedText } from '../../lib/shipped-file.js';

const read = (name: string): string => shippedText(`report/html/${name}`);

/** One script in a scope of its own, since the parts call each other. */
export const pageScript = (): string => {
  const parts = ['dom.js', 'sections.js', 'heat-map.js', 'page.js'].map(read);
  return `(() => {\n'use strict';\n${parts.join('\n')}})();\n`;
};

export const pageStyle = (): string => read('page.css');
