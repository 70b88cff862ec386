/** What a runtime takes for a reference, or why it takes nothing. */
export type Pick =
  | {
      readonly file: string;
      /** Everything of the model that is downloaded: the file, or its shards. */
      readonly parts: readonly string[];
      /** The projector that comes with it; absent where there is none or the runtime brings none. */
      readonly mmproj?: string;
    }
  | { readonly file: null; readonly why: string };

/** A pick of nothing. */
export function nothing(why: string): Pick {
  return { file: null, why };
}
