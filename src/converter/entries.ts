import type { GgufValue } from "../gguf/gguf.js";

/** Metadata in the order of the file. */
export type Entries = [key: string, value: GgufValue][];
