/** One llama.cpp tool. */
interface ToolDefinition {
  /** Folder under `tools/` in the source. */
  folder: string;
  /** Arguments with which the tool prints its version and exits. */
  versionArgs: readonly string[];
}

const definitions = {
  // It has no --version, but prints its version before it fails on a missing file.
  "llama-quantize": { folder: "quantize", versionArgs: ["--dry-run", "no-such-model.gguf", "Q8_0"] },
  "llama-imatrix": { folder: "imatrix", versionArgs: ["--version"] },
  "llama-perplexity": { folder: "perplexity", versionArgs: ["--version"] },
  "llama-gguf-split": { folder: "gguf-split", versionArgs: ["--version"] },
  "llama-completion": { folder: "completion", versionArgs: ["--version"] },
  "llama-fit-params": { folder: "fit-params", versionArgs: ["--version"] },
} as const satisfies Record<string, ToolDefinition>;

export type ToolName = keyof typeof definitions;

/** The tools that quantsmith builds and finds, and that `doctor` shows. */
export const toolDefinitions: Readonly<Record<ToolName, ToolDefinition>> = definitions;

export const toolNames = Object.keys(definitions) as readonly ToolName[];

/** Origin of a tool: the user's setting, the pinned llama.cpp, or the PATH. */
export type ToolSource = "setting" | "pinned" | "path";

export interface Tool {
  /** Absolute path of the executable. */
  path: string;
  /** The version that the tool prints, or the pinned version. */
  version: string;
  source: ToolSource;
}

/** A complete, usable set of tools. */
export interface Toolchain {
  /** Part of step keys: equal digests give equal results. */
  digest: string;
  version: string;
  source: ToolSource;
  tools: Record<ToolName, Tool>;
  /** The converter of the same llama.cpp version; undefined without its source. */
  scripts: { converter: string } | undefined;
}
