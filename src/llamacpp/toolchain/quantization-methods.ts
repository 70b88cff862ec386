import { readFile } from "node:fs/promises";
import path from "node:path";
import { dictionaryOf } from "./architectures.js";
import type { Toolchain } from "./tools.js";

/** Quantized checkpoints that llama.cpp's converter reads, by `quantization_config` in config.json. */
export interface QuantizationMethods {
  /** Values of `quant_method` for every architecture. */
  methods: ReadonlySet<string>;
  /** Values of `format` of compressed-tensors for every architecture. */
  formats: ReadonlySet<string>;
  /** Values of `strategy` by `format`, where the converter accepts only some. */
  strategies: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether compressed-tensors may have several groups of settings; formats of NVFP4 always may. */
  acceptsGroups: boolean;
  /** Bits of GPTQ without code. */
  missingGptqBits: ReadonlySet<number>;
  /** Methods and formats of architectures with rules of their own, beside those of all; by name in `architectures`. */
  own: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Parses the converter's rules for quantized weights without Python. Returns null if the toolchain has no source or the
 * source has an unexpected form.
 */
export async function readQuantizationMethods({ scripts }: Toolchain): Promise<QuantizationMethods | null> {
  if (scripts === undefined) return null;
  const folder = path.join(path.dirname(scripts.converter), "conversion");
  const read = (name: string) => readFile(path.join(folder, name), "utf8").catch(() => "");
  const common = parseDequantization(await read("base.py"));
  const table = dictionaryOf(await read("__init__.py"), "TEXT_MODEL_MAP");
  if (common === null || table === undefined) return null;
  const own = new Map<string, ReadonlySet<string>>();
  for (const module of new Set(table.values())) {
    for (const [architecture, more] of parseOwn(await read(`${module}.py`))) own.set(architecture, more);
  }
  return { ...common, own };
}

/** Parses `ModelBase.dequant_model`; null if it has an unexpected form. */
function parseDequantization(source: string): Omit<QuantizationMethods, "own"> | null {
  const body = /\n {4}def dequant_model\(self\):\n((?: {8}.*\n|\s*\n)*)/.exec(source)?.[1] ?? "";
  const methods = allOf(body, /quant_method == "([^"]+)"/g);
  const formats = allOf(body, /quant_format == "([^"]+)"/g);
  if (methods.size === 0 || formats.size === 0) return null;
  const strategies = new Map<string, ReadonlySet<string>>();
  // A branch for some formats, and the strategies that it asserts, up to the next branch.
  for (const [, condition = "", branch = ""] of body.matchAll(
    /^ {16}(?:el)?if (quant_format == [^\n]*):\n((?: {20}.*\n|\s*\n)*)/gm,
  )) {
    const accepted = allOf(/assert ([^\n]*strategy[^\n]*)/.exec(branch)?.[1] ?? "", /== "([^"]+)"/g);
    if (accepted.size === 0) continue;
    for (const format of allOf(condition, /quant_format == "([^"]+)"/g)) strategies.set(format, accepted);
  }
  return {
    ...{ methods, formats, strategies },
    acceptsGroups: !body.includes("Can't handle multiple config groups"),
    missingGptqBits: new Set([...allOf(body, /"(\d)-bit gptq [^"]*not yet implemented/g)].map(Number)),
  };
}

/** Returns methods and formats of the architectures whose class, or one that it extends, has a `dequant_model`. */
function parseOwn(source: string): Map<string, ReadonlySet<string>> {
  const classes = new Map<string, { body: string; base: string; architectures: ReadonlySet<string> }>();
  for (const [, registered = "", name = "", base = "", body = ""] of source.matchAll(
    /^@ModelBase\.register\(([^)]*)\)\n(?:@[^\n]*\n)*class (\w+)\(([\w.]+)[^)]*\):\n((?: {4}.*\n|\s*\n)*)/gm,
  )) {
    classes.set(name, { body, base, architectures: allOf(registered, /"([^"]+)"/g) });
  }
  const bodyOf = (name: string): string | undefined => {
    const found = classes.get(name);
    if (found === undefined || found.body.includes("def dequant_model(")) return found?.body;
    return bodyOf(found.base);
  };
  return new Map(
    [...classes].flatMap(([name, { architectures }]) => {
      const body = bodyOf(name);
      if (body === undefined) return [];
      const mxfp4 = body.includes("self._is_mxfp4:") ? ["mxfp4"] : [];
      const more = new Set([...mxfp4, ...allOf(body, /"([\w-]+-quantized)"/g)]);
      return [...architectures].map((architecture): [string, ReadonlySet<string>] => [architecture, more]);
    }),
  );
}

function allOf(text: string, pattern: RegExp): Set<string> {
  return new Set([...text.matchAll(pattern)].map(([, found = ""]) => found));
}
