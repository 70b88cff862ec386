/** What a runtime takes for a reference, or why it takes nothing. */
export type RuntimePick =
  | {
      readonly file: string;
      /** Everything of the model that is downloaded: the file, or its shards. */
      readonly splits: readonly string[];
      /** The projector that comes with it; absent where there is none or the runtime brings none. */
      readonly mmproj?: string;
    }
  | { readonly file: null; readonly why: string };

/** A pick of nothing. */
export function emptyPick(why: string): RuntimePick {
  return { file: null, why };
}
