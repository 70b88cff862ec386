import type { HardwareCompatibility } from "../hardware/compatibility.js";
import type { RunReport, VariantReport } from "../release/release-report.js";
import { escapedControls } from "../util/printable.js";
import { shellWord } from "../util/shell-word.js";
import { joinBlocks } from "./card-layout.js";
import { markdownText } from "./markdown.js";
import { tasks } from "./recommendation-tasks.js";
import { completionSnippets } from "./snippets/completion.js";
import { lmStudio } from "./snippets/desktop-apps.js";
import { embeddingSnippets, rerankerSnippet } from "./snippets/embedding.js";
import { llamaCpp } from "./snippets/llama-cpp.js";
import { ollama } from "./snippets/ollama.js";
import { pocketPal } from "./snippets/phone-apps.js";
import { renderSnippets } from "./snippets/runtimes.js";
import { fenced, type Runtime, type SnippetInput } from "./snippets/snippet.js";

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

/**
 * Renders how to download and run the recommended variant with its exact tag; common runtimes are not folded. Programs
 * for phones only have the variant and the context that are recommended for phones.
 */
export function runSection(facts: RunSectionFacts): string {
  const { report, hardware, repo, conversational, embedding, reranker, promptFormat } = facts;
  const example = chooseExample(report.variants, hardware, hardware.recommended);
  if (example === undefined) return "";
  const { name, file } = example.variant;
  const opening = ["## How to run", introduction(name, facts), download(example.variant, facts)];
  const place = { repo, file, tag: name };
  if (reranker) return joinBlocks([...opening, rerankerSnippet(place)]);
  if (embedding) return joinBlocks([...opening, embeddingSnippets(place)]);
  if (!conversational) return joinBlocks([...opening, completionSnippets(place)]);
  const phones = phonePicks(hardware);
  const onPhones = chooseExample(report.variants, hardware, phones) ?? example;
  const inTheOpen = phones.length === 0 ? common : [...common, pocketPal.name];
  return joinBlocks([
    ...opening,
    renderSnippets(
      (runtime) => snippetInput(isForPhones(runtime) ? onPhones : example, facts),
      (runtime) => inTheOpen.includes(runtime.name),
    ),
    promptFormat === null ? "" : `### Prompt format\n\n${fenced("text", escapedControls(promptFormat))}`,
  ]);
}

function introduction(name: string, { report, hardware, repo }: RunSectionFacts): string {
  const others =
    report.variants.length > 1 ? ` For another variant, replace the ${repo === null ? "file name" : "tag"}.` : "";
  const table =
    hardware.recommended.length > 0 ? " The variant and the context of each device are in the table above." : "";
  return `The examples use ${markdownText(name)}.${others}${table}`;
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

/** What the examples of a card run. */
interface Example {
  variant: VariantReport;
  /** Tokens. */
  context: number;
}

type Picks = HardwareCompatibility["recommended"];

/**
 * Returns the variant that most of the picks name, and the smallest context that they name with it; without picks, a
 * default of runtimes.
 */
function chooseExample(
  variants: readonly VariantReport[],
  { results }: HardwareCompatibility,
  picks: Picks,
): Example | undefined {
  const count = ({ name }: VariantReport) => picks.filter(({ variant }) => variant === name).length;
  const most = Math.max(...variants.map(count));
  const best = variants.filter((variant) => count(variant) === most);
  const variant = usual.map((name) => best.find((one) => one.name === name)).find(Boolean) ?? best[0];
  if (variant === undefined) return undefined;
  const contexts = picks.filter((pick) => pick.variant === variant.name).map(({ context }) => context);
  // The largest estimated context is the trained context.
  const largest = results.reduce((longest, { context }) => Math.max(longest, context), 0) || Infinity;
  return { variant, context: Math.min(...(contexts.length > 0 ? contexts : [tasks.chat.context, largest])) };
}

function phonePicks({ devices, recommended }: HardwareCompatibility): Picks {
  const phones = new Set(devices.filter(({ class: kind }) => kind === "phone").map(({ id }) => id));
  return recommended.filter(({ device, variant }) => phones.has(device) && variant !== null);
}

const isForPhones = ({ platforms }: Runtime) => platforms.every((one) => one === "ios" || one === "android");

/** Names of the runtimes that are not folded. */
const common: readonly string[] = [llamaCpp.name, ollama.name, lmStudio.name];

function snippetInput({ variant, context }: Example, { report, repo, ollamaNote }: RunSectionFacts): SnippetInput {
  const { system, prompt } = tasks.chat;
  return {
    ...{ repo, file: variant.file, tag: variant.name, projector: report.projectors?.[0]?.file ?? null },
    ...{ context, kvType: "f16", system, prompt, ollamaNote },
    // Full offload: the device is unknown. The fit tables assume flash attention.
    flags: `-ngl 99 -c ${context} -fa on`,
    layers: { offloaded: 1, total: 1, expertsOnCpu: 0 },
  };
}
