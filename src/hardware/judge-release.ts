import { chooseContexts, wantedContext } from "./choose-contexts.js";
import type { CompatibleDevice, CompatibleVariant, FitResult, HardwareCompatibility } from "./compatibility.js";
import type { Backend, Catalog, Device, Source } from "./device.js";
import { judgeFit } from "./judge-fit.js";
import { kvTypes, type MemoryEstimate, type ModelMemory } from "./memory.js";
import { canRun, memoryAt } from "./memory-at.js";
import { type Candidate, recommendVariant } from "./recommend.js";
import type { SpeedConstants } from "./speed/speed-constants.js";

/** A variant of a release with what the allocator says of it. */
export interface JudgedVariant extends Omit<CompatibleVariant, "memory"> {
  memory: ModelMemory;
}

// An alias, not an interface: interfaces are not assignable to a step's JSON parameters.
/** The part of the catalog that a release is held against. */
export type JudgedDevices = {
  devices: readonly Device[];
  /** What is known of the devices' backends. */
  backends: readonly Backend[];
  /** What the figures of both cite. */
  sources: readonly Source[];
  /** What speeds are reckoned with; null tells none. */
  speed: SpeedConstants | null;
};

/** Every variant of a release on every device: `hardware-compatibility.json`. Pure, the same for the same facts. */
export function judgeRelease(
  model: string,
  variants: readonly JudgedVariant[],
  { devices, backends, sources, speed }: JudgedDevices,
): HardwareCompatibility {
  const known: Catalog["backends"] = new Map(backends.map((backend) => [backend.id, backend]));
  const results = devices.flatMap((device) =>
    variants.flatMap((variant) =>
      chooseContexts(variant.memory.footprint.trainedContext).map((context) =>
        judgeFit({
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
    variants: variants.map((variant) => ({ ...variant, memory: configurations(variant.memory) })),
    devices: devices.map(compatibleDevice),
    results,
    recommended: devices.map((device) => recommend(device, variants, results, known)),
  };
}

/** Memory at the contexts that are judged, for every cache type the model can have. */
function configurations(memory: ModelMemory): MemoryEstimate[] {
  const settings = kvTypes.map((kvType) => ({ kvType, flashAttention: true })).filter((one) => canRun(memory, one));
  return settings.flatMap((setting) =>
    chooseContexts(memory.footprint.trainedContext).map((context) => memoryAt(memory, { ...setting, context })),
  );
}

function compatibleDevice({ id, name, class: kind, memory, budget, bandwidth, backends }: Device): CompatibleDevice {
  const [backend] = backends;
  if (backend === undefined) throw new Error(`the device ${id} has no backend`);
  return { id, name, class: kind, memory, budget, bandwidth, backend };
}

function recommend(
  device: Device,
  variants: readonly JudgedVariant[],
  results: readonly FitResult[],
  backends: Catalog["backends"],
): HardwareCompatibility["recommended"][number] {
  const trained = Math.max(...variants.map(({ memory }) => memory.footprint.trainedContext ?? Infinity));
  const context = wantedContext(device.class, Number.isFinite(trained) ? trained : null);
  const candidates = variants.flatMap((variant): Candidate[] => {
    const fit = results.find(
      (result) => result.device === device.id && result.variant === variant.name && result.context === context,
    );
    return fit === undefined ? [] : [{ variant, footprint: variant.memory.footprint, fit }];
  });
  return { device: device.id, context, ...recommendVariant(candidates, backends) };
}
