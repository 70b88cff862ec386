import type { Device, FigureRange, Source } from "../hardware/catalog/device.js";
import type { FitResult } from "../hardware/compatibility.js";
import type { KvType } from "../hardware/memory/memory.js";
import { formatBytes, formatGibibytes } from "../util/bytes.js";
import { formatContext, formatSpeed, formatVerdict } from "./format-fit.js";
import { markdownLink, markdownTable, markdownText } from "./markdown.js";
import { renderSnippets } from "./snippets/runtimes.js";
import { platformOf, type SnippetInput } from "./snippets/snippet.js";

/** One row of the comparison. */
export interface ComparedVariant {
  model: string;
  variant: string;
  file: string;
  bytes: number;
  kldMean: number | null;
  fit: FitResult;
}

export interface RecommendationFacts {
  device: Device;
  /** What the task is called, and what it was judged at. */
  task: string;
  context: number;
  kvType: KvType;
  variants: readonly ComparedVariant[];
  pick: ComparedVariant | null;
  reason: string;
  /** For the pick. */
  snippet: SnippetInput | null;
  /** Those that the figures name. */
  sources: readonly Source[];
  /** What is known of the device under load, one sentence; null when nothing is. */
  endurance: string | null;
  /** Remarks on what was asked for, one sentence each. */
  notes: readonly string[];
}

/** What `quantsmith recommend` prints: Markdown with the comparison, the pick and why, and how to run it. */
export function renderRecommendation(facts: RecommendationFacts): string {
  const { pick, device } = facts;
  return [
    `# Which file for ${markdownText(device.name)}\n`,
    introduction(facts),
    ...facts.notes.map((note) => `> ${markdownText(note)}\n`),
    comparison(facts),
    legend(facts),
    `Heat and battery: ${markdownText(facts.endurance ?? `nobody has measured ${device.name} under load.`)}\n`,
    "## Take\n",
    pick === null
      ? `None: ${markdownText(facts.reason)}.\n`
      : `**${markdownText(pick.file)}**: ${markdownText(`${facts.reason}.${remark(pick.fit)}`)}\n`,
    ...run(facts),
    ...sourceList(facts.sources),
  ].join("\n");
}

function introduction({ device, task, context, kvType, variants }: RecommendationFacts): string {
  const { memory, budget } = device;
  const perGpu = memory.cards === 1 ? "" : ` on each of ${memory.cards} cards`;
  const capped = variants.some(({ fit }) => fit.context < context);
  const shorter = capped ? " (less where a model was trained on less)" : "";
  const note = budget.note === undefined ? "" : `; ${markdownText(budget.note)}`;
  return `Judged for **${task}** at ${context} tokens of context${shorter}, with the cache in ${kvType}. One model may take ${formatGibibytes(budget.value)} of ${formatGibibytes(memory.bytes.value)}${perGpu} (${budget.basis}${note}). Everything runs on the device itself.\n`;
}

function comparison({ variants, pick, context }: RecommendationFacts): string {
  const titles = ["Model", "Variant", "Size", "Memory", "Context", "Runs", "Tokens/s", "Heat and battery", "Mean KLD"];
  const rows = variants.map((row) => {
    const name = row === pick ? { markdown: `**${markdownText(row.variant)}**` } : row.variant;
    const { fit } = row;
    return [
      row.model,
      name,
      formatBytes(row.bytes),
      formatBytes(fit.residentBytes),
      largestWords(fit),
      fit.context < context ? `${formatVerdict(fit)} at ${fit.context}` : formatVerdict(fit),
      formatSpeed(fit.decode),
      enduranceWords(fit),
      row.kldMean === null ? "–" : row.kldMean.toPrecision(3),
    ];
  });
  return `${markdownTable(titles, rows)}\n`;
}

function legend({ variants }: RecommendationFacts): string {
  const speeds = variants.some(({ fit }) => fit.decode !== null)
    ? "Tokens/s: while it answers, from a full to an empty context."
    : "Tokens/s: – where nobody has measured enough to tell.";
  return `Memory: all that is resident, mapped weights included. Context: the largest that keeps the verdict. ${speeds} Mean KLD: divergence from the model's own 16-bit base in nats, 0 is lossless; it does not compare models.\n`;
}

/** The maximum of what does not run is the largest context at which it would. */
function largestWords({ verdict, maximumContext, kvType }: FitResult): string {
  const largest = maximumContext[kvType];
  return verdict === "no" && largest !== null ? `runs at ${largest}` : formatContext(largest);
}

/** Speed left under load, energy and battery, as far as the catalog knows them. */
function enduranceWords({ sustained, energyPerToken, batteryPer1kTokens }: FitResult): string {
  const parts = [
    range(sustained, 100, "% left"),
    range(energyPerToken, 1, "J/token"),
    range(batteryPer1kTokens, 1, "%/1k tokens"),
  ].filter((part) => part !== "");
  return parts.length === 0 ? "–" : parts.join(", ");
}

function range(figure: FigureRange | null, factor: number, unit: string): string {
  if (figure === null) return "";
  const [low, high] = [figure.low, figure.high].map((value) => Number((value * factor).toPrecision(2)));
  return `${low === high ? low : `${low}–${high}`} ${unit}`;
}

function remark({ reason }: FitResult): string {
  return reason === null ? "" : ` Note: ${reason}.`;
}

function run({ snippet, device }: RecommendationFacts): string[] {
  if (snippet === null) return [];
  const platform = platformOf(device);
  return ["## Run it\n", `${renderSnippets(snippet, ({ platforms }) => platforms.includes(platform))}\n`];
}

function sourceList(sources: readonly Source[]): string[] {
  if (sources.length === 0) return [];
  const lines = sources.map(({ title, url }) => `- ${url === null ? markdownText(title) : markdownLink(title, url)}`);
  return ["## Sources\n", `${lines.join("\n")}\n`];
}
