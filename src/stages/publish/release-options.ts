/** Options of publishing to any target. */
export interface ReleaseOptions {
  /** Sign the release, with the environment's identity. */
  sign?: true;
  /** Overwrite files that are not of a release of this model; rename such a folder. */
  replace?: true;
  /** Delete the unchanged model files of earlier releases that this one lacks. */
  removeOld?: true;
}
