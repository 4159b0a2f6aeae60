import { describe, expect, it } from 'vitest';
import { spanOf } from '../../src/facts/spanned.js';
import { type SpecifierFacts, expandSpecifiers } from '../../src/facts/specifiers.js';

const facts: SpecifierFacts = { unit: 'kubelet.service', hostname: 'n1.example', bootId: '1a-2b', systemd: 252 };
const expand = (text: string, over: Partial<SpecifierFacts> = {}): ReturnType<typeof expandSpecifiers> =>
  expandSpecifiers(spanOf(text, 100), { ...facts, ...over });

describe('expandSpecifiers', () => {
  it.each<[string, string, Partial<SpecifierFacts>]>([
    ['%n %N %p', 'kubelet.service kubelet kubelet', {}],
    ['%n %N %p %i %j', 'a-b@c-d.service a-b@c-d a-b c-d b', { unit: 'a-b@c-d.service' }],
    ['%P %I %J %f', 'a/b c/d-e b /c/d-e', { unit: 'a-b@c-d\\x2de.service' }],
    ['%I', 'ü', { unit: 'a@\\xc3\\xbc.service' }],
    ['[%i]', '[]', {}],
    ['%H %l %b', 'n1.example n1 1a2b', {}],
    ['%u %U %h %t %S %E %L %T', 'root 0 /root /run /var/lib /etc /var/log /tmp', {}],
    ['%% %%n 100%%', '% %n 100%', {}],
    ['% %. 5% a%', '% %. 5% a%', {}],
    ['%%%n', '%kubelet.service', {}],
  ])('%s is %s', (text, expanded, over) => {
    expect(expand(text, over)).toMatchObject({ text: expanded });
    expect(expand(text, over).problem).toBeUndefined();
  });

  it.each<[string, 'invalid' | 'unknown', string, Partial<SpecifierFacts>]>([
    ['a%Zb', 'invalid', '%Z', {}],
    ['%5', 'invalid', '%5', {}],
    // What a newer systemd may know is not called an error.
    ['%Z', 'unknown', '%Z', { systemd: 258 }],
    ['%Z', 'unknown', '%Z', { systemd: undefined }],
    ['%m', 'unknown', '%m', {}],
    ['%H', 'unknown', '%H', { hostname: undefined }],
    ['%n', 'unknown', '%n', { unit: undefined }],
    // Specifiers that came in between.
    ['%E', 'unknown', '%E', { systemd: 239 }],
    ['%l', 'unknown', '%l', { systemd: undefined }],
    ['%m %Z', 'invalid', '%Z', {}],
  ])('%s is %s', (text, problem, specifier, over) => {
    expect(expand(text, over)).toMatchObject({ text, problem, specifier });
  });

  it('knows the place of the text that replaces a specifier', () => {
    const { text, at, ends } = expand('a%Nb%%');
    expect(text).toBe('akubeletb%');
    expect([at[0], at[1], at[7], at[8], at[9]]).toEqual([100, 101, 101, 103, 104]);
    expect([ends?.[0], ends?.[1], ends?.[7], ends?.[8], ends?.[9]]).toEqual([101, 103, 103, 104, 106]);
  });
});
