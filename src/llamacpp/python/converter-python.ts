/** The Python that runs the converter. */
export interface ConverterPython {
  /** Absolute path of the interpreter. */
  path: string;
  /** `3.11.7` */
  version: string;
  /** Goes into step fingerprints: the pinned requirements, or the versions found in QUANTSMITH_PYTHON. */
  digest: string;
}
