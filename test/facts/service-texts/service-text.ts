/** One service for systemd to read: its texts, with places that are filled in when it gets a unit of its own. */

/**
 * Texts and paths may hold `~n~` (the unit's name), `~p~` (the same without its ending), `~u~` (its file), `~d~` (a folder of its own) and
 * `~x~` (a program that writes down its arguments and its working directory).
 */
export interface ServiceText {
  readonly name: string;
  readonly unit: string;
  /** By file name, or by whole path. */
  readonly dropIns?: Readonly<Record<string, string>>;
  /** By path below `~d~`, or by whole path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly folders?: readonly string[];
  /** What each link points to, by its path. */
  readonly links?: Readonly<Record<string, string>>;
  /** What is asked for and started, where it is not the unit itself. */
  readonly asked?: string;
}

export const service = (...lines: readonly string[]): string => `[Service]\n${lines.join('\n')}\n`;
export const runs = (words: string, ...lines: readonly string[]): string => service(...lines, `ExecStart=~x~ ${words}`);
/** A service with these arguments, and lines before them. */
export const one = (name: string, words: string, ...lines: readonly string[]): ServiceText => ({
  name,
  unit: runs(words, ...lines),
});
