import { resolve } from "node:path";
import type * as z from "zod";
import { imatrixFileName, isComparatorName, variantFileName } from "../quant/names.js";
import { findResolutionProblems } from "../release/resolve/find-problems.js";
import { quote, quoteList } from "../util/quote.js";
import { didYouMean, nearest } from "../util/suggest.js";
import { checkGgufSettings } from "./check-gguf-settings.js";
import type { Gates } from "./gates-schema.js";
import { defaultModelName } from "./model-source.js";
import { parseHubText } from "./parse-hub-text.js";
import { type Recipe, recipeSchema } from "./schema.js";
import { variantEntry } from "./variant-schema.js";
import type { Problem, YamlPath } from "./yaml/diagnostics.js";

type VariantEntry = z.output<typeof variantEntry>;

/** The valid parts of a possibly invalid recipe, so that contradictions are reported along with schema errors. */
interface ValidParts extends Partial<Omit<Recipe, "variants">> {
  variants: { index: number; entry: VariantEntry }[];
}

/** Returns contradictions between parts of a recipe that are valid separately. `folder` is the recipe's folder. */
export function crossCheck(data: unknown, folder: string): Problem[] {
  const parts = validParts(data);
  return [
    ...checkModelName(parts, folder),
    ...checkGgufSettings(parts),
    ...checkVariantNames(parts, folder),
    ...checkVariantLabels(parts, folder),
    ...checkTexts(parts, folder),
    ...checkCategoryGates(parts),
    ...checkGates(parts),
  ];
}

function validParts(data: unknown): ValidParts {
  const parts: ValidParts = { variants: [] };
  if (typeof data !== "object" || data === null) return parts;
  for (const [key, value] of Object.entries(data)) {
    if (key === "variants" && Array.isArray(value)) {
      parts.variants = value.flatMap((item, index) => {
        const entry = variantEntry.safeParse(item);
        return entry.success ? [{ index, entry: entry.data }] : [];
      });
    } else {
      Object.assign(parts, validPart(key, value));
    }
  }
  return parts;
}

const anyPart = recipeSchema.partial();

/** Returns a valid section whole, of an invalid one its valid keys. */
function validPart(key: string, value: unknown): z.output<typeof anyPart> {
  const whole = anyPart.safeParse({ [key]: value });
  if (whole.success) return whole.data;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const valid = Object.entries(value).filter(([name, item]) => anyPart.safeParse({ [key]: { [name]: item } }).success);
  return anyPart.safeParse({ [key]: Object.fromEntries(valid) }).data ?? {};
}

function checkModelName({ model }: ValidParts, folder: string): Problem[] {
  if (model === undefined || model.name !== undefined || defaultModelName(model.source, folder) !== undefined)
    return [];
  return [
    {
      path: ["model", "source"],
      part: "value",
      message: `cannot derive a file name from the source ${quote(model.source)}`,
      remedy: "Add `name:` under `model`, such as `name: my-model`.",
    },
  ];
}

function checkVariantNames({ model, variants }: ValidParts, folder: string): Problem[] {
  const modelName = nameOf(model, folder);
  const imatrix = imatrixFileName(modelName).toLowerCase();
  const taken = new Map<string, number>();
  return variants.flatMap(({ index, entry }): Problem[] => {
    const name = variantName(entry);
    if (name === undefined) return [];
    const path = variantNamePath(entry, index);
    // macOS and Windows do not distinguish names that differ only in case.
    const file = variantFileName(modelName, name).toLowerCase();
    const reserved = reservedFor(name, file === imatrix);
    if (reserved !== undefined) {
      const message = `the variant name ${quote(name)} is reserved for ${reserved}`;
      return [{ path, part: "value", message, remedy: "Choose another `name`." }];
    }
    const first = taken.get(file);
    if (first === undefined) {
      taken.set(file, index);
      return [];
    }
    const message = `variants ${first + 1} and ${index + 1} have the same name ${quote(name)}`;
    return [
      {
        path,
        part: "value",
        message,
        remedy: "Give one of them another `name`; upper and lower case are not distinguished.",
      },
    ];
  });
}

function reservedFor(name: string, isImatrix: boolean): string | undefined {
  if (isImatrix) return "the imatrix";
  if (name.toLowerCase().includes("mmproj")) return "projectors, as which runtimes would load the file";
  return isComparatorName(name) ? "presets that are measured for comparison" : undefined;
}

/** Returns the model's name in file names; a placeholder if the recipe provides none. */
function nameOf(model: ValidParts["model"], folder: string): string {
  return (model && (model.name ?? defaultModelName(model.source, folder))) ?? "model";
}

/**
 * Reports names in which the Hub finds no label or another one, or that a runtime resolves to another variant: such
 * variants cannot be published. `checkVariantNames` reports equal names.
 */
function checkVariantLabels({ model, variants }: ValidParts, folder: string): Problem[] {
  const modelName = nameOf(model, folder);
  const imatrix = imatrixFileName(modelName);
  const known = new Set([imatrix.toLowerCase()]);
  const planned = variants.flatMap(({ index, entry }) => {
    const name = variantName(entry);
    const file = variantFileName(modelName, name ?? "");
    if (name === undefined || reservedFor(name, false) !== undefined || known.has(file.toLowerCase())) return [];
    known.add(file.toLowerCase());
    return [{ name, file, path: variantNamePath(entry, index) }];
  });
  const problems = findResolutionProblems([...planned.map(({ file }) => file), imatrix], planned);
  return planned.flatMap(({ file, path }): Problem[] => {
    const problem = problems.find((found) => found.file === file && found.severity === "error");
    if (problem === undefined) return [];
    return [{ path, part: "value", message: problem.message, remedy: problem.remedy, code: "QS-RECIPE-LABEL" }];
  });
}

/** Returns a variant's name in file names: its `name`, else its preset. Undefined only for entries the schema rejects. */
function variantName(entry: VariantEntry): string | undefined {
  return typeof entry === "string" ? entry : (entry.name ?? entry.preset);
}

function variantNamePath(entry: VariantEntry, index: number): YamlPath {
  if (typeof entry === "string") return ["variants", index];
  return ["variants", index, entry.name === undefined ? "preset" : "name"];
}

const texts = ["calibration", "search", "evaluation"] as const;

/** Reports texts used both for tuning and for measuring, since metrics would be biased. */
function checkTexts(parts: ValidParts, folder: string): Problem[] {
  const users = new Map<string, (typeof texts)[number]>();
  return texts.flatMap((section) =>
    placedTexts(parts, section).flatMap(({ text, path }): Problem[] => {
      if (text === "default" || text === "self") return [];
      const key = parseHubText(text)?.ref ?? resolve(folder, text);
      const user = users.get(key) ?? section;
      users.set(key, user);
      if (user === section) return [];
      return [
        {
          path,
          part: "value",
          message: `${quote(text)} is listed under ${quoteList([user, section], "and")}`,
          remedy: "Use different texts: a text used for tuning biases the metrics.",
        },
      ];
    }),
  );
}

/** Returns the texts of a section with their places; those of categories for an evaluation that has them. */
function placedTexts(parts: ValidParts, section: (typeof texts)[number]): { text: string; path: YamlPath }[] {
  const place = (corpus: string | readonly string[], path: YamlPath) =>
    [corpus].flat().map((text, index) => ({ text, path: [...path, ...(typeof corpus === "string" ? [] : [index])] }));
  const text = parts[section];
  if (!Array.isArray(text)) return place(text?.corpus ?? [], [section, "corpus"]);
  return text.flatMap(({ corpus }, index) => place(corpus, [section, index, "corpus"]));
}

/** Checks that limits on single categories name categories of the evaluation. */
function checkCategoryGates({ gates, evaluation }: ValidParts): Problem[] {
  const names = Array.isArray(evaluation) ? evaluation.map(({ name }) => name) : [];
  return Object.entries(gates ?? {}).flatMap(([figure, gate]) =>
    Object.keys(gate ?? {}).flatMap((key): Problem[] => {
      if (key === "min" || key === "max" || names.includes(key)) return [];
      const known = ["min", "max", ...names];
      const near = nearest(key, known);
      return [
        {
          path: ["gates", figure, key],
          part: "key",
          message: `the gate has the unknown key ${quote(key)}`,
          remedy: near === undefined ? `Use ${quoteList(known, "or")}.` : didYouMean(near),
        },
      ];
    }),
  );
}

/** Checks limits relative to a variant: it must exist, and be the same for all limits because it is measured first. */
function checkGates({ gates, variants }: ValidParts): Problem[] {
  const names = variants.flatMap(({ entry }) => variantName(entry) ?? []);
  const named = relativeLimits(gates ?? {});
  const unknown = named.flatMap(({ of, path }): Problem[] => {
    if (names.includes(of)) return [];
    const near = nearest(of, names);
    const remedy = near === undefined ? `The variants are ${quoteList(names, "and")}.` : didYouMean(near);
    return [{ path, part: "value", message: `the recipe has no variant ${quote(of)}`, remedy }];
  });
  if (unknown.length > 0) return unknown;
  const [first, ...others] = named;
  const other = others.find(({ of }) => of !== first?.of);
  if (first === undefined || other === undefined) return [];
  const message = `relative limits refer to both ${quote(first.of)} and ${quote(other.of)}, but only one variant can be the reference`;
  return [{ path: other.path, part: "value", message, remedy: "Use the same variant in all relative limits." }];
}

function relativeLimits(gates: Gates): { of: string; path: YamlPath }[] {
  return Object.entries(gates).flatMap(([figure, gate]) =>
    (["min", "max"] as const).flatMap((bound) => {
      const limit = gate?.[bound];
      return typeof limit === "object" ? [{ of: limit.of, path: ["gates", figure, bound, "of"] }] : [];
    }),
  );
}
