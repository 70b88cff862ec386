import { realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { type CardLayout, cardPlaceholders, placeholder } from "../report/card-layout.js";
import { QuantsmithError, type SourceLocation } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { repositoryRoot } from "../util/repository-root.js";
import type { Recipe } from "./schema.js";
import type { YamlFile } from "./yaml/parse-yaml.js";
import { readTextFile } from "./yaml/read-text-file.js";

/**
 * Returns the recipe's choices for the model card with the contents of their files. Throws `QS-RECIPE-INVALID` at the
 * recipe's line for a file that cannot be read and for what the template lacks, and at the template's line for an unknown
 * placeholder; `QS-RECIPE-TOKEN` for an access token in one of the files.
 */
export async function readCardLayout(
  { preface, sections, template }: NonNullable<Recipe["card"]>,
  yaml: YamlFile,
  folder: string,
): Promise<CardLayout> {
  const placeOf = (key: string) => yaml.place(["card", key], "value").at;
  const read = (key: string, path: string) => readCardFile(resolve(folder, path), folder, placeOf(key));
  const text = template === undefined ? undefined : await read("template", template);
  if (text !== undefined) {
    const used = checkPlaceholders(text, resolve(folder, template ?? ""));
    for (const [key, value] of Object.entries({ preface, sections })) {
      if (value === undefined || used.has(key)) continue;
      throw new QuantsmithError("QS-RECIPE-INVALID", `the card's template does not contain its ${quote(key)}`, {
        remedy: `Write ${quote(`{{${key}}}`)} into the template, or remove ${quote(key)}.`,
        at: placeOf(key),
      });
    }
  }
  const isFile = preface !== undefined && /^[^\n]+\.md$/i.test(preface);
  return {
    ...(preface === undefined ? {} : { preface: isFile ? await read("preface", preface) : preface }),
    ...(sections === undefined ? {} : { sections }),
    ...(text === undefined ? {} : { template: text }),
  };
}

/** Reads a file in the recipe's folder or repository: the recipe of someone else must not publish other files of this user. */
async function readCardFile(path: string, folder: string, at: SourceLocation): Promise<string> {
  const real = await realpath(path).catch(() => path); // The error for a missing file follows.
  const own = await realpath(folder);
  if (![own, repositoryRoot(own)].some((root) => isVisible(relative(root, real)))) {
    throw new QuantsmithError("QS-RECIPE-INVALID", `${path} is hidden, or not in the recipe's folder or repository`, {
      remedy: "Copy it there: the card publishes its content.",
      at,
    });
  }
  return readTextFile(path, path, "QS-RECIPE-INVALID").catch((cause: unknown) => {
    if (!(cause instanceof QuantsmithError) || cause.code === "QS-RECIPE-TOKEN") throw cause;
    const remedy = "Give the path of a Markdown file in UTF-8 of at most 1 MiB, relative to the recipe.";
    throw new QuantsmithError("QS-RECIPE-INVALID", cause.message, { remedy, at, cause });
  });
}

function isVisible(path: string): boolean {
  return !isAbsolute(path) && !path.split(sep).some((name) => name.startsWith("."));
}

/** Returns the names of the placeholders of a template. */
function checkPlaceholders(text: string, file: string): ReadonlySet<string> {
  const known: readonly string[] = cardPlaceholders;
  const used = new Set<string>();
  for (const { 0: all, 1: name = "", index } of text.matchAll(placeholder)) {
    used.add(name);
    if (known.includes(name)) continue;
    throw new QuantsmithError(
      "QS-RECIPE-INVALID",
      `the card's template has the unknown placeholder ${quote(all.trim())}`,
      {
        remedy: `Use one of ${known.map((one) => `\`{{${one}}}\``).join(", ")}.`,
        at: { file, line: text.slice(0, index).split("\n").length },
      },
    );
  }
  return used;
}
