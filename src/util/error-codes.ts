/**
 * Every permanent error code: its exit code (2 usage or recipe, 3 gate or smoke, 4 environment,
 * 5 Hub or network, 1 internal) and one line of documentation. Codes are never renamed or reused.
 */
export const errorCodes = {
  // usage
  "QS-USAGE": { exit: 2, about: "The command line is wrong." },
  "QS-NOT-YET": { exit: 2, about: "The recipe asks for something this version cannot do yet." },
  // recipe and pipeline files (src/recipe)
  "QS-RECIPE-MISSING": { exit: 2, about: "The recipe file does not exist or cannot be read." },
  "QS-RECIPE-EMPTY": { exit: 2, about: "The recipe file holds nothing." },
  "QS-RECIPE-YAML": { exit: 2, about: "The file is not valid YAML, or is too large, too deep or expands too far." },
  "QS-RECIPE-INVALID": { exit: 2, about: "The recipe does not follow the schema, or its parts contradict each other." },
  "QS-PIPELINE-MISSING": { exit: 2, about: "The recipe names a pipeline that does not exist." },
  "QS-PIPELINE-INVALID": { exit: 2, about: "The pipeline file does not follow its schema." },
} as const satisfies Record<string, { exit: 1 | 2 | 3 | 4 | 5; about: string }>;

export type ErrorCode = keyof typeof errorCodes;
