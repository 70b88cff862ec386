import type { Backend, Catalog, Device, Source } from "../catalog/device.js";
import type { CompatibleDevice, CompatibleVariant, FitResult, HardwareCompatibility } from "../compatibility.js";
import { kvTypes, type MemoryEstimate, type ModelMemory } from "../memory/memory.js";
import { canRun, memoryAt } from "../memory/memory-at.js";
import type { SpeedConstants } from "../speed/speed-constants.js";
import { chooseContexts, recommendedContext } from "./choose-contexts.js";
import { estimateFit } from "./estimate-fit.js";
import { type Candidate, recommendVariant } from "./recommend.js";

/** A variant of a release with its memory according to the allocator. */
export interface VariantWithMemory extends Omit<CompatibleVariant, "memory"> {
  memory: ModelMemory;
}

// An alias, because an interface is not assignable to a step's JSON parameters.
/** The part of the catalog on which a release is evaluated. */
export type TargetDevices = {
  devices: readonly Device[];
  /** Contexts of the recipe's device variants, in tokens; evaluated on that device besides the standard ones. */
  contexts: readonly { readonly device: string; readonly context: number }[];
  /** Backends of the devices. */
  backends: readonly Backend[];
  /** Sources that devices and backends cite. */
  sources: readonly Source[];
  /** Constants for speeds; null omits speeds. */
  speed: SpeedConstants | null;
};

/** Evaluates every variant of a release on every device, for `hardware-compatibility.json`. Pure. */
export function estimateReleaseFit(
  model: string,
  variants: readonly VariantWithMemory[],
  targets: TargetDevices,
): HardwareCompatibility {
  const { devices, contexts, backends, sources, speed } = targets;
  const known: Catalog["backends"] = new Map(backends.map((backend) => [backend.id, backend]));
  const results = devices.flatMap((device) =>
    variants.flatMap((variant) =>
      contextsOn(device, variant.memory, targets).map((context) =>
        estimateFit({
          variant: variant.name,
          model: variant.memory,
          device,
          backends: known,
          speed,
          context,
          kvType: "f16",
        }),
      ),
    ),
  );
  return {
    version: 1,
    model,
    sources: [...sources],
    variants: variants.map((variant) => ({ ...variant, memory: configurations(variant.memory, contexts) })),
    devices: devices.map(compatibleDevice),
    results,
    recommended: devices.map((device) => recommend(device, variants, results, targets, known)),
  };
}

function contextsOn({ id }: Device, { footprint }: ModelMemory, { contexts }: TargetDevices): number[] {
  const variantContexts = contexts.filter(({ device }) => device === id).map(({ context }) => context);
  return chooseContexts(footprint.trainedContext, variantContexts);
}

/** Memory at the evaluated contexts, for every KV cache type that the model supports. */
function configurations(memory: ModelMemory, contexts: TargetDevices["contexts"]): MemoryEstimate[] {
  const variantContexts = contexts.map(({ context }) => context);
  const settings = kvTypes.map((kvType) => ({ kvType, flashAttention: true })).filter((one) => canRun(memory, one));
  return settings.flatMap((setting) =>
    chooseContexts(memory.footprint.trainedContext, variantContexts).map((context) =>
      memoryAt(memory, { ...setting, context }),
    ),
  );
}

/** Returns the fields of a device for tables and JSON. */
export function compatibleDevice({
  id,
  name,
  class: kind,
  memory,
  budget,
  bandwidth,
  backends,
}: Device): CompatibleDevice {
  const [backend] = backends;
  if (backend === undefined) throw new Error(`the device ${id} has no backend`);
  return { id, name, class: kind, memory, budget, bandwidth, backend };
}

/** Recommends a variant at the device's context, else at the largest smaller context at which any runs. */
function recommend(
  device: Device,
  variants: readonly VariantWithMemory[],
  results: readonly FitResult[],
  targets: TargetDevices,
  backends: Catalog["backends"],
): HardwareCompatibility["recommended"][number] {
  const memory = variants[0]?.memory;
  const recommended = recommendedContext(device.class, memory?.footprint.trainedContext ?? null);
  const all = memory === undefined ? chooseContexts(null) : contextsOn(device, memory, targets);
  const contexts = all.filter((context) => context <= recommended);
  const [first, ...smaller] = contexts.toReversed().map((context) => {
    const candidates = variants.flatMap(({ name, ...variant }): Candidate[] => {
      const fit = results.find((one) => one.device === device.id && one.variant === name && one.context === context);
      return fit === undefined ? [] : [{ variant: { name, ...variant }, footprint: variant.memory.footprint, fit }];
    });
    return { device: device.id, context, ...recommendVariant(candidates, backends) };
  });
  if (first === undefined) throw new Error("there is no context to recommend a variant for");
  return [first, ...smaller].find(({ variant }) => variant !== null) ?? first;
}
