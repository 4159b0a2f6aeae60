/** A sheet as CSV (RFC 4180): a header, CRLF, quotes where they are needed. */
import { type SafeText, joinSafe, safeField, safeForm } from '../lib/output.js';
import type { Sheet } from './sheet.js';

/** A node may call itself `=cmd()`: a program for spreadsheets must take that for text. */
const looksLikeFormula = /^[=+\-@\t\r]/;
const isNumber = /^-?\d+(\.\d+)?$/;

const cell = (text: string): SafeText =>
  safeField(text, (plain) => {
    const inert = looksLikeFormula.test(plain) && !isNumber.test(plain) ? `'${plain}` : plain;
    return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
  });

export const csvText = ({ columns, rows }: Sheet): SafeText =>
  joinSafe(
    [columns, ...rows].map(
      (cells) =>
        safeForm`${joinSafe(
          cells.map((one) => cell(one)),
          ',',
        )}\r\n`,
    ),
  );
