import type { HardwareCompatibility } from "../hardware/compatibility.js";
import type { RunReport, VariantReport } from "../release/release-report.js";
import { tasks } from "./recommendation-tasks.js";
import { shellWord } from "./snippets/quoting.js";
import { renderSnippets } from "./snippets/runtimes.js";
import { fenced, type SnippetInput } from "./snippets/snippet.js";

export interface RunSectionFacts {
  report: RunReport;
  hardware: HardwareCompatibility;
  /** Repository on the Hub that the release is published to; null when nobody said. */
  repo: string | null;
  /** Whether the model gives vectors instead of text. */
  embedding: boolean;
}

/** What runtimes take when nobody names a variant, in their order. */
const usual = ["Q4_K_M", "Q8_0"];

/** The card's "Run": one variant as the example, with its exact tag, the runtimes that most people have in the open. */
export function runSection({ report, hardware, repo, embedding }: RunSectionFacts): string {
  const { variants } = report;
  const example = usual.map((name) => variants.find((one) => one.name === name)).find(Boolean) ?? variants[0];
  if (example === undefined) return "";
  const model = repo === null ? ["-m", shellWord(example.file)] : ["-hf", `${repo}:${example.name}`];
  if (embedding) return `${fenced("sh", ["llama-embedding", ...model, "-p 'Some text'"].join(" "))}\n`;
  const others =
    variants.length > 1 ? ` For the other variants put their ${repo === null ? "file" : "tag"} in its place.` : "";
  const opening = `With ${example.name} as the example.${others} Everything runs on the device itself.\n`;
  return `${opening}\n${renderSnippets(snippetInput(example, report, hardware, repo), ({ name }) => inTheOpen.has(name))}\n`;
}

const inTheOpen: ReadonlySet<string> = new Set(["llama.cpp", "Ollama"]);

function snippetInput(
  { name, file }: VariantReport,
  { projector }: RunReport,
  { results }: HardwareCompatibility,
  repo: string | null,
): SnippetInput {
  const { system, prompt, context: wanted } = tasks.chat;
  // The largest that is judged is what the model was trained on.
  const largest = results.reduce((most, result) => Math.max(most, result.context), 0);
  const context = largest === 0 ? wanted : Math.min(wanted, largest);
  return {
    ...{ repo, file, tag: name, projector: projector?.file ?? null, context, kvType: "f16", system, prompt },
    // On a device of its own choice; the tables tell where that is too much, and count on flash attention.
    flags: `-ngl 99 -c ${context} -fa on`,
    layers: { offloaded: 1, total: 1, expertsOnCpu: 0 },
  };
}
