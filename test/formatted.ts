/** Text as the formatter of the project writes it. */
import { type FormatConfig, format } from 'oxfmt';

/** `name`: its ending tells the language. Throws where the text is none of that language. */
export async function formatted(name: string, text: string, options?: FormatConfig): Promise<string> {
  const { code, errors } = await format(name, text, { printWidth: 120, singleQuote: true, ...options });
  if (errors[0] !== undefined) throw new Error(`${name}: ${errors[0].message}`);
  return code;
}
