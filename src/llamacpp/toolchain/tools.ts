/** One program that the toolchain compiles. */
interface ToolDefinition {
  /** Folder under `tools/` in llama.cpp's source, or a C++ file: its name in `native/`, or an absolute path. */
  source: { folder: string } | { native: string };
  /** Arguments with which it prints its version and exits. */
  versionArgs: readonly string[];
}

const llamaCpp = {
  // It has no --version; for a missing file it prints its version before it fails.
  "llama-quantize": { source: { folder: "quantize" }, versionArgs: ["--dry-run", "no-such-model.gguf", "Q8_0"] },
  "llama-imatrix": { source: { folder: "imatrix" }, versionArgs: ["--version"] },
  "llama-perplexity": { source: { folder: "perplexity" }, versionArgs: ["--version"] },
  "llama-gguf-split": { source: { folder: "gguf-split" }, versionArgs: ["--version"] },
  "llama-completion": { source: { folder: "completion" }, versionArgs: ["--version"] },
  "llama-fit-params": { source: { folder: "fit-params" }, versionArgs: ["--version"] },
} as const satisfies Record<string, ToolDefinition>;

/** Programs of `native/`, which llama.cpp builds of others do not contain. */
const own = {
  "llama-moments": { source: { native: "moments.cpp" }, versionArgs: ["--version"] },
  "llama-round": { source: { native: "round.cpp" }, versionArgs: ["--version"] },
  "llama-probe": { source: { native: "probe.cpp" }, versionArgs: ["--version"] },
  "llama-logits": { source: { native: "logits.cpp" }, versionArgs: ["--version"] },
  "llama-chat": { source: { native: "chat.cpp" }, versionArgs: ["--version"] },
} as const satisfies Record<string, ToolDefinition>;

export type LlamaCppTool = keyof typeof llamaCpp;
export type OwnTool = keyof typeof own;
/** Compiled by `visionToolchain` on first use: it has 60 source files, and few recipes show pictures to a model. */
export type VisionTool = "llama-mtmd-cli";
export type SetupTool = LlamaCppTool | OwnTool;
export type ToolName = SetupTool | VisionTool;

/** The tools as data: an entry here is built, found and listed by `doctor`. */
export const toolDefinitions: Readonly<Record<SetupTool, ToolDefinition>> = { ...llamaCpp, ...own };

export const llamaCppTools = Object.keys(llamaCpp) as readonly LlamaCppTool[];
export const ownTools = Object.keys(own) as readonly OwnTool[];
export const visionTool: VisionTool = "llama-mtmd-cli";
/** The tools that every installation builds before its first run. */
export const setupTools: readonly SetupTool[] = [...llamaCppTools, ...ownTools];
export const toolNames: readonly ToolName[] = [...setupTools, visionTool];

/** Returns the arguments with which a tool prints its version and exits. */
export function versionArguments(tool: ToolName): readonly string[] {
  return tool === visionTool ? ["--version"] : toolDefinitions[tool].versionArgs;
}

/** Origin of a tool: the QUANTSMITH_LLAMA_CPP folder, this package's pinned llama.cpp, or the PATH. */
export type ToolSource = "setting" | "pinned" | "path";

export interface Tool {
  /** Absolute path of the executable. */
  path: string;
  /** The version that the tool prints, or the pinned version. */
  version: string;
  source: ToolSource;
}

/**
 * A usable set of tools. Only llama.cpp builds of others can lack quantsmith's own programs; `visionToolchain` adds the
 * vision tool.
 */
export interface Toolchain {
  /** Identifies the tools in step keys: equal digests give equal results. */
  digest: string;
  version: string;
  source: ToolSource;
  tools: Record<LlamaCppTool, Tool> & Partial<Record<OwnTool | VisionTool, Tool>>;
  /** The converter that belongs to the tools; undefined if the tools came without their source. */
  scripts: { converter: string } | undefined;
}
