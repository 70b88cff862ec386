/** The Python that runs the converter. */
export interface ConverterPython {
  /** Absolute path of the interpreter. */
  path: string;
  /** `3.11.7` */
  version: string;
  /** Part of step keys: digest of the pinned requirements, or of the versions in QUANTSMITH_PYTHON. */
  digest: string;
}
