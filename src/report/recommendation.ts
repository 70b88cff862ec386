import type { Device, FigureRange, Source } from "../hardware/catalog/device.js";
import type { FitResult } from "../hardware/compatibility.js";
import type { KvType } from "../hardware/memory/memory.js";
import { formatBytes } from "../util/bytes.js";
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
  /** Name of the task. */
  task: string;
  /** Tokens. */
  context: number;
  kvType: KvType;
  variants: readonly ComparedVariant[];
  pick: ComparedVariant | null;
  reason: string;
  /** Input of the run snippets for the pick. */
  snippet: SnippetInput | null;
  /** Sources cited by the figures. */
  sources: readonly Source[];
  /** Behaviour of the device under load, one sentence; null if unknown. */
  endurance: string | null;
  /** Remarks on the request, one sentence each. */
  notes: readonly string[];
}

/** Renders the Markdown output of `quantsmith recommend`: comparison, recommendation with reason, and run snippets. */
export function renderRecommendation(facts: RecommendationFacts): string {
  const { pick, device } = facts;
  return [
    `# Which file for ${markdownText(device.name)}\n`,
    introduction(facts),
    ...facts.notes.map((note) => `> ${markdownText(note)}\n`),
    comparison(facts),
    legend(facts),
    `Heat and battery: ${markdownText(facts.endurance ?? `${device.name} has not been measured under load.`)}\n`,
    "## Recommendation\n",
    pick === null
      ? `No recommendation: ${markdownText(facts.reason)}.\n`
      : `**${markdownText(pick.file)}**: ${markdownText(`${facts.reason}.${remark(pick.fit)}`)}\n`,
    ...run(facts),
    ...sourceList(facts.sources),
  ].join("\n");
}

function introduction({ device, task, context, kvType, variants }: RecommendationFacts): string {
  const { memory, budget } = device;
  const perGpu = memory.cards === 1 ? "" : ` on each of ${memory.cards} GPUs`;
  const capped = [...new Set(variants.map(({ fit }) => fit.context))].filter((tokens) => tokens < context);
  const shorter = capped.length === 0 ? "" : ` (capped at ${capped.join(" or ")}, the trained context of the model)`;
  const note = budget.note === undefined ? "" : `; ${markdownText(budget.note)}`;
  return `Estimated for **${task}** at ${context} tokens of context${shorter}, with KV cache type ${kvType}. The memory budget for one model is ${formatBytes(budget.value)} of ${formatBytes(memory.bytes.value)}${perGpu} (${budget.basis}${note}). Inference runs on the device itself.\n`;
}

function comparison({ variants, pick, context }: RecommendationFacts): string {
  const titles = ["Model", "Variant", "Size", "Memory", "Context", "Fit", "Tokens/s", "Heat and battery", "Mean KLD"];
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
    ? "Tokens/s: generation speed, from a full to an empty context."
    : "Tokens/s is empty (–), because too few measurements exist for an estimate.";
  return `Memory: resident memory, including mapped weights. Context: the largest with the same fit, in tokens. ${speeds} Mean KLD: mean KL divergence from the model's own 16-bit base in nats, 0 is lossless; not comparable between models.\n`;
}

/** For `no`, `maximumContext` is the largest context at which the model runs. */
function largestWords({ verdict, maximumContext, kvType }: FitResult): string {
  const largest = maximumContext[kvType];
  return verdict === "no" && largest !== null ? `runs at ${largest}` : formatContext(largest);
}

/** Formats sustained speed, energy and battery use, if the catalog contains them. */
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
  return [
    "## Run it\n",
    `${renderSnippets(
      () => snippet,
      ({ platforms }) => platforms.includes(platform),
    )}\n`,
  ];
}

function sourceList(sources: readonly Source[]): string[] {
  if (sources.length === 0) return [];
  const lines = sources.map(({ title, url }) => `- ${url === null ? markdownText(title) : markdownLink(title, url)}`);
  return ["## Sources\n", `${lines.join("\n")}\n`];
}
