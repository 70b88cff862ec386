import { userSource } from "../../hardware/catalog/custom-device.js";
import type { Catalog, Device } from "../../hardware/catalog/device.js";
import { findDevice } from "../../hardware/catalog/find-device.js";
import { sustained } from "../../hardware/speed/sustained.js";
import { loadCatalog } from "../../recipe/catalog/load-catalog.js";
import { renderRecommendation } from "../../report/recommendation.js";
import { tasks } from "../../report/recommendation-tasks.js";
import { runtimes } from "../../report/snippets/runtimes.js";
import { platformOf, type SnippetInput } from "../../report/snippets/snippet.js";
import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import { quoteList } from "../../util/quote.js";
import { formatWarning } from "../../util/warnings.js";
import { chooseFile, parseTask } from "../choose-file.js";
import { incompleteModels, loadModels, parseContext, parseKvType, parseSize, pictureNotes } from "../fit-options.js";
import { interruptSignal } from "../interrupt.js";
import { note, print, printJson } from "../print.js";
import { citedSources } from "../views/device-view.js";

export interface RecommendOptions {
  device: string;
  ram?: string;
  context?: string;
  task: string;
  kv: string;
  hostRam?: string;
  catalog?: string;
  json?: boolean;
}

/** `quantsmith recommend`: selects one of several files for a device, with the reason and run commands. */
export async function recommend(paths: string[], options: RecommendOptions): Promise<void> {
  const task = parseTask(options.task);
  const requested = options.context === undefined ? null : parseContext(options.context);
  const kvType = parseKvType(options.kv);
  const hostRamBytes = options.hostRam === undefined ? null : parseSize("--host-ram", options.hostRam);
  const catalog = await loadCatalog(options.catalog === undefined ? [] : [options.catalog]);
  requireOneDevice(paths, options.device, catalog);
  const { device, notes: givenNotes } = withRam(findDevice(catalog, options.device), options.ram);
  const { backends } = catalog;
  const models = await loadModels(paths, interruptSignal());
  const notes = [...givenNotes, ...pictureNotes(models)];
  const warnings = incompleteModels(models);
  for (const warning of warnings) note(formatWarning(warning));
  const request = { device, backends, task, context: requested, kvType, hostRamBytes };
  const { candidates, pick, reason, snippet } = await chooseFile(models, request);
  const rows = candidates.map((candidate) => {
    const { model, file, fit } = candidate;
    return { model, variant: candidate.measured.variant, file, ...candidate.variant, fit, candidate };
  });
  // The exit code of a failed gate: no model meets the requirement.
  if (pick === null) process.exitCode = 3;
  if (options.json === true) {
    const { system, prompt } = tasks[task];
    printJson({
      device,
      task: { name: task, system, prompt },
      context: requested ?? tasks[task].context,
      kvType,
      notes,
      candidates: candidates.map(({ model, file, parameters, variant, fit }) => ({
        model,
        file,
        parameters,
        ...variant,
        fit,
      })),
      pick: pick === null ? null : { model: pick.model, variant: pick.variant.name, file: pick.file },
      reason,
      endurance: sustained(device, catalog.sources).note,
      snippets: snippet === null ? [] : snippetList(snippet, device),
      warnings,
    });
    return;
  }
  const used = device.backends.flatMap((id) => backends.get(id) ?? []);
  print(
    renderRecommendation({
      ...{ device, task, kvType, reason, snippet, notes },
      context: requested ?? tasks[task].context,
      variants: rows,
      pick: rows.find(({ candidate }) => candidate === pick) ?? null,
      endurance: sustained(device, catalog.sources).note,
      sources: citedSources(catalog, device, used),
    }).split("\n"),
  );
}

/** Returns the device with the memory budget of `--ram`, which replaces the catalog's. */
function withRam(device: Device, text: string | undefined): { device: Device; notes: string[] } {
  if (text === undefined) return { device, notes: [] };
  const requested = parseSize("--ram", text);
  const value = Math.min(requested, device.memory.bytes.value);
  const notes = ramNotes(device, requested, value);
  if (value === device.budget.value) return { device, notes };
  const given = { value, basis: "estimate", source: userSource, note: "set by --ram" } as const;
  return { device: { ...device, budget: given }, notes };
}

function ramNotes({ memory, budget }: Device, requested: number, value: number): string[] {
  const memoryNotes =
    requested > value ? [`--ram exceeds the device's memory of ${formatBytes(memory.bytes.value)}.`] : [];
  const catalogBudget = `${formatBytes(budget.value)} (${budget.basis})`;
  if (value <= budget.value) return memoryNotes;
  return [...memoryNotes, `--ram ${formatBytes(value)} exceeds the catalog's budget for a model, ${catalogBudget}.`];
}

/** Rejects several devices: words after `--device a` are parsed as files, and this command compares files. */
function requireOneDevice(paths: readonly string[], device: string, { devices }: Catalog): void {
  const other = paths.find((path) => devices.has(path) || path.startsWith("custom:"));
  if (device !== "all" && other === undefined) return;
  const found = other === undefined ? [device] : [device, other];
  throw new QuantsmithError("QS-USAGE", `recommend accepts one device, found ${quoteList(found, "and")}`, {
    remedy: "Name one with `--device`, or run `quantsmith fit` for several devices.",
  });
}

function snippetList(input: SnippetInput, device: Device) {
  const platform = platformOf(device);
  return runtimes.map(({ name, platforms, docs, snippet }) => {
    return { runtime: name, here: platforms.includes(platform), docs, markdown: snippet(input) };
  });
}
