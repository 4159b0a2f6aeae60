/** Arithmetic of a shell: whole numbers, comparisons, a choice, and assignments. */

export interface Numbers {
  get(name: string): string;
  set(name: string, value: string): void;
}

const levels: readonly (readonly string[])[] = [
  ['<', '<=', '>', '>=', '==', '!='],
  ['+', '-'],
  ['*', '/', '%'],
];

export function evaluate(expression: string, numbers: Numbers): number {
  const tokens = expression.match(/\d+|[A-Za-z_]\w*|[-+*/%]=|[<>=!]=|[-+*/%<>?:=()]/g) ?? [];
  let at = 0;
  const numberOf = (text: string): number => {
    if (text === '') return 0;
    if (/^-?\d+$/.test(text)) return Number(text);
    throw new SyntaxError(`not a number: ${text}`);
  };
  const primary = (): number => {
    const token = tokens[at] ?? '';
    at += 1;
    if (token === '(') {
      const inner = choice();
      at += 1;
      return inner;
    }
    if (token === '-') return -primary();
    if (/^[A-Za-z_]/.test(token)) return numberOf(numbers.get(token));
    return numberOf(token === '' ? '?' : token);
  };
  const binary = (level: number): number => {
    const operators = levels[level];
    if (operators === undefined) return primary();
    let left = binary(level + 1);
    for (;;) {
      const operator = tokens[at] ?? '';
      if (!operators.includes(operator)) return left;
      at += 1;
      left = applied(operator, left, binary(level + 1));
    }
  };
  const choice = (): number => {
    const [name = '', operator = ''] = tokens.slice(at, at + 2);
    if (/^[A-Za-z_]/.test(name) && (operator === '=' || operator === '+=' || operator === '-=')) {
      at += 2;
      const right = choice();
      const value = operator === '=' ? right : applied(operator.slice(0, 1), numberOf(numbers.get(name)), right);
      numbers.set(name, String(value));
      return value;
    }
    const test = binary(0);
    if (tokens[at] !== '?') return test;
    at += 1;
    const yes = choice();
    at += 1;
    const no = choice();
    return test === 0 ? no : yes;
  };
  const value = choice();
  if (at < tokens.length) throw new SyntaxError(`arithmetic: ${expression}`);
  return value;
}

function applied(operator: string, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return Math.trunc(left / right);
    case '%':
      return left % right;
    case '<':
      return left < right ? 1 : 0;
    case '<=':
      return left <= right ? 1 : 0;
    case '>':
      return left > right ? 1 : 0;
    case '>=':
      return left >= right ? 1 : 0;
    case '==':
      return left === right ? 1 : 0;
    default:
      return left !== right ? 1 : 0;
  }
}
