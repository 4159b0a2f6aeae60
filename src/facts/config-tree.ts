/** A configuration as a tree. Each value records where it was written and what it replaced. */
import type { Value } from './value.js';

export interface Place {
  readonly path: string;
  /** Line number, starting at 1. */
  readonly line: number;
}

/** The place of a default, which no file sets. */
export const noPlace: Place = { path: '', line: 0 };

/** A scalar or a list. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly value: Value;
  readonly place: Place;
  /** JSON wrote the number with a decimal point or exponent, which integer fields do not accept. */
  readonly inexact?: true | undefined;
  /** The value at the same path in an earlier file that this one replaced. */
  readonly before?: Tree | undefined;
}

export interface Branch {
  readonly kind: 'branch';
  readonly entries: ReadonlyMap<string, Tree>;
  readonly place: Place;
  readonly before?: Tree | undefined;
}

/** Removed: a later file sets the key to null. */
export interface Removed {
  readonly kind: 'gone';
  readonly place: Place;
  readonly before: Tree;
}

export type Tree = Leaf | Branch | Removed;

/** A key that the file sets to null. */
interface NullLeaf extends Leaf {
  readonly value: null;
}

export const isNull = (tree: Tree): tree is NullLeaf => tree.kind === 'leaf' && tree.value === null;

/** A tree as plain data. */
export function plainValue(tree: Tree): Value {
  if (tree.kind === 'gone') return null;
  if (tree.kind === 'leaf') return tree.value;
  return Object.fromEntries(
    [...tree.entries].flatMap(([key, one]) => (one.kind === 'gone' ? [] : [[key, plainValue(one)]])),
  );
}

/** Plain data as a tree in which every value has the same place. */
export function treeOf(value: Value, place: Place): Tree {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return { kind: 'leaf', value, place };
  return branchOf(value as { readonly [key: string]: Value }, place);
}

export const branchOf = (value: { readonly [key: string]: Value }, place: Place): Branch => ({
  kind: 'branch',
  entries: new Map(Object.entries(value).map(([key, one]) => [key, treeOf(one, place)])),
  place,
});
