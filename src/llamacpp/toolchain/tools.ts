/** One llama.cpp tool. */
interface ToolDefinition {
  /** Its folder under `tools/` in the source. */
  folder: string;
  /** Arguments with which it prints its version and ends at once. */
  versionArgs: readonly string[];
}

const definitions = {
  // It has no --version; told to look at a file that is not there, it prints its version before it gives up.
  "llama-quantize": { folder: "quantize", versionArgs: ["--dry-run", "no-such-model.gguf", "Q8_0"] },
  "llama-imatrix": { folder: "imatrix", versionArgs: ["--version"] },
  "llama-perplexity": { folder: "perplexity", versionArgs: ["--version"] },
  "llama-gguf-split": { folder: "gguf-split", versionArgs: ["--version"] },
  "llama-completion": { folder: "completion", versionArgs: ["--version"] },
  "llama-fit-params": { folder: "fit-params", versionArgs: ["--version"] },
} as const satisfies Record<string, ToolDefinition>;

export type ToolName = keyof typeof definitions;

/** The tools as data: adding one here makes it built, found and shown by `doctor`. */
export const toolDefinitions: Readonly<Record<ToolName, ToolDefinition>> = definitions;

export const toolNames = Object.keys(definitions) as readonly ToolName[];

/** Where a tool comes from: the user's setting, this package's pinned llama.cpp, or the PATH. */
export type ToolSource = "setting" | "pinned" | "path";

export interface Tool {
  /** Absolute path of the executable. */
  path: string;
  /** What the tool calls itself, or the pinned version. */
  version: string;
  source: ToolSource;
}

/** A complete, usable set of tools. */
export interface Toolchain {
  /** Identifies the tools in step fingerprints: equal digests give equal results. */
  digest: string;
  version: string;
  source: ToolSource;
  tools: Record<ToolName, Tool>;
  /** The converter that belongs to the tools; undefined where the tools came without their source. */
  scripts: { converter: string } | undefined;
}
