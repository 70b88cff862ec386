import type { GgufValue } from "../gguf/gguf.js";

/** Metadata in file order. */
export type Entries = [key: string, value: GgufValue][];
