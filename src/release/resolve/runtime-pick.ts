/** The file that a runtime resolves for a reference, or the reason for resolving none. */
export type RuntimePick =
  | {
      readonly file: string;
      /** Downloaded model files: the file, or its splits. */
      readonly splits: readonly string[];
      /** The projector downloaded with the model; absent if the runtime downloads none. */
      readonly mmproj?: string;
    }
  | { readonly file: null; readonly why: string };

/** An empty pick with its reason. */
export function unresolved(why: string): RuntimePick {
  return { file: null, why };
}
