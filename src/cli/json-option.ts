/** Option of every command with a result. */
export const json = ["--json", "print one JSON document on standard output"] as const;
