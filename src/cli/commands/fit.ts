import type { Catalog, Device } from "../../hardware/catalog/device.js";
import { findDevice } from "../../hardware/catalog/find-device.js";
import { representativeDevices } from "../../hardware/catalog/representative-devices.js";
import type { CompatibleVariant, FitResult } from "../../hardware/compatibility.js";
import { estimateFit } from "../../hardware/fit/estimate-fit.js";
import { compatibleDevice } from "../../hardware/fit/estimate-release-fit.js";
import type { MeasuredModel } from "../../hardware/fit/measure-models.js";
import { loadSpeedConstants } from "../../hardware/speed/speed-files.js";
import { loadCatalog } from "../../recipe/catalog/load-catalog.js";
import { formatContext, formatSpeed, formatVerdict } from "../../report/format-fit.js";
import { formatBytes } from "../../util/bytes.js";
import { formatWarning } from "../../util/warnings.js";
import { incompleteModels, loadModels, parseContext, parseKvType, parseSize, pictureNotes } from "../fit-options.js";
import { interruptSignal } from "../interrupt.js";
import { note, print, printJson, textTable } from "../print.js";

export interface FitOptions {
  device?: string[];
  context?: string[];
  kv: string;
  hostRam?: string;
  catalog?: string;
  json?: boolean;
}

/** A common setting of users, and the default of applications. */
const defaultContext = 4096;

/** `quantsmith fit`: prints which devices can run a model, how, and up to which context. */
export async function fit(paths: string[], options: FitOptions): Promise<void> {
  const kvType = parseKvType(options.kv);
  const contexts = options.context?.map(parseContext);
  const hostRamBytes = options.hostRam === undefined ? null : parseSize("--host-ram", options.hostRam);
  const catalog = await loadCatalog(options.catalog === undefined ? [] : [options.catalog]);
  const devices = devicesNamed(catalog, options.device);
  const models = await loadModels(paths, interruptSignal());
  const warnings = incompleteModels(models);
  for (const warning of warnings) note(formatWarning(warning));
  const shared = { backends: catalog.backends, kvType, hostRamBytes, speed: await loadSpeedConstants() };
  const results = devices.flatMap((device) =>
    models.flatMap(({ label, memory }) =>
      (contexts ?? [Math.min(defaultContext, memory.footprint.trainedContext ?? defaultContext)]).map((context) =>
        estimateFit({ ...shared, variant: label, model: memory, device, context }),
      ),
    ),
  );
  if (options.json === true) {
    printJson({ devices: devices.map(compatibleDevice), variants: models.map(variantFacts), results, warnings });
    return;
  }
  for (const [index, device] of devices.entries())
    print([...(index === 0 ? [] : [""]), ...deviceTable(device, models, results)]);
  print(pictureNotes(models).flatMap((line) => ["", line]));
}

function devicesNamed(catalog: Catalog, ids: readonly string[] | undefined): Device[] {
  if (ids === undefined) return representativeDevices(catalog);
  if (ids.includes("all")) return [...catalog.devices.values()];
  return ids.map((id) => findDevice(catalog, id));
}

function deviceTable(device: Device, models: readonly MeasuredModel[], results: readonly FitResult[]): string[] {
  const { memory, budget } = device;
  const gpuPrefix = memory.cards === 1 ? "" : `${memory.cards} × `;
  const title = `${device.name} (${device.id}): model budget ${gpuPrefix}${formatBytes(budget.value)} (${budget.basis}) of ${gpuPrefix}${formatBytes(memory.bytes.value)}`;
  const rows = results
    .filter((result) => result.device === device.id)
    .map((result) => [
      result.variant,
      formatBytes(models.find(({ label }) => label === result.variant)?.bytes ?? 0),
      String(result.context),
      formatVerdict(result),
      formatBytes(result.residentBytes),
      `${formatContext(result.maximumContext.f16)} / ${formatContext(result.maximumContext.q8_0)}`,
      formatSpeed(result.decode),
      result.verdict === "no" ? "–" : result.flags,
      result.reason ?? "",
    ]);
  const titles = ["Variant", "Size", "Context", "Verdict", "Memory", "Max f16 / q8_0", "Tokens/s", "Flags", "Remarks"];
  return [title, "", ...textTable(titles, rows)];
}

function variantFacts(model: MeasuredModel): CompatibleVariant & { model: string; pictureTokens: number | null } {
  const { label, file, bytes, bitsPerWeight, types, kldMean, memory, pictureTokens } = model;
  const figures = { file, bytes, bitsPerWeight, types, kldMean, pictureTokens, memory: [...memory.estimates] };
  return { model: model.model, name: label, ...figures };
}
