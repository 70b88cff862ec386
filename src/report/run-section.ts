import type { HardwareCompatibility } from "../hardware/compatibility.js";
import type { RunReport, VariantReport } from "../release/release-report.js";
import { markdownText } from "./markdown.js";
import { tasks } from "./recommendation-tasks.js";
import { completionSnippets } from "./snippets/completion.js";
import { embeddingSnippets, rerankerSnippet } from "./snippets/embedding.js";
import { renderSnippets } from "./snippets/runtimes.js";
import type { SnippetInput } from "./snippets/snippet.js";

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
}

/** Default variants of runtimes, in order of preference. */
const usual = ["Q4_K_M", "Q8_0"];

/** Renders the model card's "Run" section for the recommended variant with its exact tag; common runtimes are not folded. */
export function runSection(facts: RunSectionFacts): string {
  const { report, hardware, repo, conversational, embedding, reranker, ollamaNote } = facts;
  const { variants } = report;
  const example = exampleVariant(variants, hardware);
  if (example === undefined) return "";
  const others = variants.length > 1 ? ` For another variant, replace the ${repo === null ? "file name" : "tag"}.` : "";
  const opening = `The examples use ${markdownText(example.name)}.${others}\n`;
  const place = { repo, file: example.file, tag: example.name };
  if (reranker) return `${opening}\n${rerankerSnippet(place)}\n`;
  if (embedding) return `${opening}\n${embeddingSnippets(place)}\n`;
  if (!conversational) return `${opening}\n${completionSnippets(place)}\n`;
  const input = { ...snippetInput(example, report, hardware, repo), ollamaNote };
  return `${opening}\n${renderSnippets(input, ({ name }) => inTheOpen.has(name))}\n`;
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

const inTheOpen: ReadonlySet<string> = new Set(["llama.cpp", "Ollama"]);

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
