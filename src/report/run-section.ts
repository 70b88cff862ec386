import type { HardwareCompatibility } from "../hardware/compatibility.js";
import type { RunReport, VariantReport } from "../release/release-report.js";
import { escapedControls } from "../util/printable.js";
import { shellWord } from "../util/shell-word.js";
import { joinBlocks } from "./card-layout.js";
import { markdownText } from "./markdown.js";
import { tasks } from "./recommendation-tasks.js";
import { completionSnippets } from "./snippets/completion.js";
import { embeddingSnippets, rerankerSnippet } from "./snippets/embedding.js";
import { renderSnippets } from "./snippets/runtimes.js";
import { fenced, type SnippetInput } from "./snippets/snippet.js";

export interface RunSectionFacts {
  report: RunReport;
  hardware: HardwareCompatibility;
  /** Target repository on the Hub; null if unknown. */
  repo: string | null;
  /** True if the files contain a chat template. */
  conversational: boolean;
  /** True for embedding models. */
  embedding: boolean;
  /** True for rerankers. */
  reranker?: boolean;
  /** Sentence about the files for Ollama; empty for none. */
  ollamaNote: string;
  /** A chat as the model's template renders it, with placeholders for its texts; null without one. */
  promptFormat: string | null;
}

/** Default variants of runtimes, in order of preference. */
const usual = ["Q4_K_M", "Q8_0"];

/** Renders how to download and run the recommended variant with its exact tag; common runtimes are not folded. */
export function runSection(facts: RunSectionFacts): string {
  const { report, hardware, repo, conversational, embedding, reranker, ollamaNote, promptFormat } = facts;
  const { variants } = report;
  const example = exampleVariant(variants, hardware);
  if (example === undefined) return "";
  const others = variants.length > 1 ? ` For another variant, replace the ${repo === null ? "file name" : "tag"}.` : "";
  const opening = [
    "## How to run",
    `The examples use ${markdownText(example.name)}.${others}`,
    download(example, facts),
  ];
  const place = { repo, file: example.file, tag: example.name };
  if (reranker) return joinBlocks([...opening, rerankerSnippet(place)]);
  if (embedding) return joinBlocks([...opening, embeddingSnippets(place)]);
  if (!conversational) return joinBlocks([...opening, completionSnippets(place)]);
  const input = { ...snippetInput(example, report, hardware, repo), ollamaNote };
  return joinBlocks([
    ...opening,
    renderSnippets(input, ({ name }) => inTheOpen.has(name)),
    promptFormat === null ? "" : `### Prompt format\n\n${fenced("text", escapedControls(promptFormat))}`,
  ]);
}

/** The command that downloads a variant and its projector from the Hub; empty without a repository. */
function download({ name, parts }: VariantReport, { repo, report: { projectors = [] } }: RunSectionFacts): string {
  if (repo === null) return "";
  const globs = [
    `*-${name}${parts === undefined ? "" : "-*"}.gguf`,
    ...(projectors.length > 0 ? ["mmproj-*.gguf"] : []),
  ];
  // A command for each, since only some versions of `hf` accept the option twice.
  const commands = globs.map((glob) => `hf download ${shellWord(repo)} --include ${shellWord(glob)} --local-dir .`);
  return fenced("sh", commands.join("\n"));
}

/** Returns the variant recommended for the most devices; without recommendations, a default of runtimes. */
function exampleVariant(
  variants: readonly VariantReport[],
  { recommended }: HardwareCompatibility,
): VariantReport | undefined {
  const devices = (name: string) => recommended.filter(({ variant }) => variant === name).length;
  const most = Math.max(...variants.map(({ name }) => devices(name)));
  const best = variants.filter(({ name }) => devices(name) === most);
  return usual.map((name) => best.find((one) => one.name === name)).find(Boolean) ?? best[0];
}

const inTheOpen: ReadonlySet<string> = new Set(["llama.cpp", "Ollama", "LM Studio"]);

function snippetInput(
  { name, file }: VariantReport,
  { projectors }: RunReport,
  { results }: HardwareCompatibility,
  repo: string | null,
): SnippetInput {
  const { system, prompt, context: wanted } = tasks.chat;
  // The largest estimated context is the trained context.
  const largest = results.reduce((most, result) => Math.max(most, result.context), 0);
  const context = largest === 0 ? wanted : Math.min(wanted, largest);
  return {
    ...{ repo, file, tag: name, projector: projectors?.[0]?.file ?? null, context, kvType: "f16", system, prompt },
    // Full offload: the device is unknown. The fit tables assume flash attention.
    flags: `-ngl 99 -c ${context} -fa on`,
    layers: { offloaded: 1, total: 1, expertsOnCpu: 0 },
  };
}
