import { parseBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import { parseRate } from "../../util/quantity-schema.js";
import { quote, quoteList } from "../../util/quote.js";
import { didYouMean, nearest } from "../../util/suggest.js";
import { type BackendId, backendId, type Device, type DeviceClass, type Figure } from "./device.js";

const keys = ["memory", "budget", "bandwidth", "backend"] as const;
type Key = (typeof keys)[number];

const example = "custom:memory=8GB,budget=5GB,bandwidth=50GB/s,backend=cpu-arm";

/** Source id of a custom device's figures; not in any catalog. */
export const userSource = "given-by-the-user";

/**
 * Parses a device from the command line: `custom:memory=8GB,budget=5GB,bandwidth=50GB/s,backend=cpu-arm`, in any order;
 * bandwidth is optional. Its figures are unverified, so their basis is `estimate`. Throws `QS-DEVICE-CUSTOM`.
 */
export function parseCustomDevice(text: string): Device {
  const parts = readParts(text);
  const memory = amount(text, "memory", parts.get("memory"), parseBytes);
  const budget = amount(text, "budget", parts.get("budget"), parseBytes);
  if (budget > memory)
    throw fault(text, "the budget exceeds the memory", "Set a budget that is not larger than the memory.");
  const backend = backendOf(text, parts.get("backend"));
  const bandwidth = parts.has("bandwidth") ? amount(text, "bandwidth", parts.get("bandwidth"), parseRate) : null;
  return {
    id: "custom",
    name: "Your device",
    class: classes[backend],
    chip: "unknown",
    year: null,
    memory: { kind: discrete.has(backend) ? "discrete" : "unified", cards: 1, bytes: given(memory) },
    budget: given(budget),
    bandwidth: bandwidth === null ? null : given(bandwidth),
    backends: [backend],
    power: null,
    sustained: { retention: null, minutes: null, energyPerToken: null, batteryPer1kTokens: null },
  };
}

function readParts(text: string): Map<Key, string> {
  const parts = new Map<Key, string>();
  for (const part of text.replace(/^custom:/, "").split(",")) {
    const [name = "", ...rest] = part.split("=");
    const key = keys.find((known) => known === name.trim());
    if (key === undefined) {
      const near = nearest(name, keys);
      const remedy = near === undefined ? `Use ${quoteList(keys, "and")}, as in \`${example}\`.` : didYouMean(near);
      throw fault(text, `unknown key in ${quote(part)}`, remedy);
    }
    if (parts.has(key)) throw fault(text, `duplicate key ${quote(key)}`, "Remove one of the two.");
    parts.set(key, rest.join("=").trim());
  }
  for (const key of ["memory", "budget", "backend"] as const) {
    if (!parts.has(key)) throw fault(text, `missing key ${quote(key)}`, `Add \`${key}=…\`, as in \`${example}\`.`);
  }
  return parts;
}

function amount(text: string, key: Key, value = "", parse: (value: string) => number | undefined): number {
  const parsed = parse(value);
  if (parsed !== undefined && parsed > 0) return parsed;
  const form = key === "bandwidth" ? "`50GB/s`" : "`8GB` or `8GiB`";
  throw fault(text, `invalid ${key} ${quote(value)}`, `Write a number with a unit, such as ${form}.`);
}

function backendOf(text: string, value = ""): BackendId {
  const found = backendId.options.find((id) => id === value);
  if (found !== undefined) return found;
  const near = nearest(value, backendId.options);
  const remedy = near === undefined ? `Use ${quoteList(backendId.options, "or")}.` : didYouMean(near);
  throw fault(text, `unknown backend ${quote(value)}`, remedy);
}

function fault(text: string, what: string, remedy: string): QuantsmithError {
  return new QuantsmithError("QS-DEVICE-CUSTOM", `cannot parse the device ${quote(text)}: ${what}`, { remedy });
}

function given(value: number): Figure {
  return { value, basis: "estimate", source: userSource, note: "given by the user" };
}

/** Backends of GPUs with dedicated memory. */
const discrete: ReadonlySet<BackendId> = new Set(["cuda", "rocm", "sycl", "vulkan"]);

const classes: Readonly<Record<BackendId, DeviceClass>> = {
  cuda: "gpu",
  rocm: "gpu",
  sycl: "gpu",
  vulkan: "gpu",
  metal: "mac",
  "opencl-adreno": "phone",
  hexagon: "phone",
  "cpu-arm": "cpu",
  "cpu-x86": "cpu",
};
