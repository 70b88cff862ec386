import * as z from "zod";
import { deviceId } from "../hardware/catalog/device.js";
import { parseHubName, repoId, revisionForm } from "../hub/hub-ref.js";
import { projectorTypes } from "../quant/names.js";
import { isShellPath } from "../util/address.js";
import { quote } from "../util/quote.js";
import { patternString, schemaIssue } from "../util/schema-issue.js";
import { card } from "./card-schema.js";
import { compute } from "./compute-schema.js";
import { corpus, isPlainPath, isYamlPath } from "./corpus-schema.js";
import { evaluation } from "./evaluation-schema.js";
import { executors } from "./executors-schema.js";
import { gates } from "./gates-schema.js";
import { metadata } from "./metadata-schema.js";
import { parseHubSource } from "./model-source.js";
import { chunks, comparators, context, nameSchema, rounding } from "./schema-parts.js";
import { smokePrompt } from "./smoke-schema.js";
import { tasks } from "./tasks-schema.js";
import { variantEntry } from "./variant-schema.js";

const sourceForms =
  "Write `./folder`, `../folder` or `/folder` for a local checkpoint, or `hf:org/name` or `hf:org/name@revision` for the Hugging Face Hub. Add the path of a 16-bit GGUF file to start from it: `./folder/model.gguf`, `hf:org/name/model.gguf`.";

const source = z.string().superRefine((text, check) => {
  const local = /^\.{0,2}\//.test(text) && isPlainPath(text);
  if (!local && parseHubSource(text) === undefined) {
    check.addIssue(schemaIssue(`${quote(text)} is not a model source`, sourceForms));
  }
});

const globs = z
  .array(
    patternString(
      /^[^/\\\p{Cc}][^\\\p{Cc}]{0,199}$/u,
      "a glob",
      "Write a name such as `*.txt`, relative to the repository.",
    ),
  )
  .max(100);

const model = z
  .strictObject({
    source: source.describe(
      "The checkpoint: `hf:org/name` or `hf:org/name@revision`, or a folder beginning with `./`, `../` or `/` (relative to this file). Or a 16-bit GGUF file, which is not converted: `./model-BF16.gguf`, `hf:org/name/model-BF16.gguf@revision`; for a split file, name the first split.",
    ),
    revision: patternString(revisionForm, "a revision", "Write a branch, a tag or a commit, such as `main`.")
      .exactOptional()
      .describe("Branch, tag or commit on the Hub, resolved once and locked (default `main`)."),
    name: nameSchema("model")
      .exactOptional()
      .describe("Name in file names and on the card (default: derived from the source)."),
    include: globs.exactOptional().describe("Globs of additional files to fetch (default: none)."),
    exclude: globs
      .exactOptional()
      .describe("Globs of files to skip, such as weights in another format (default: none)."),
    allowUnsafe: z
      .boolean()
      .exactOptional()
      .describe("Also fetch pickles and Python files, which can execute code when a tool opens them (default false)."),
    checkWeights: z
      .enum(["full", "sample", "none"])
      .exactOptional()
      .describe("Check weights for NaN and infinity: all values, samples of every tensor, or none (default `full`)."),
  })
  .superRefine(({ source, revision }, check) => {
    if (revision === undefined) return;
    const ref = parseHubSource(source);
    if (!source.startsWith("hf:")) {
      check.addIssue(
        schemaIssue("a local folder cannot have a `revision`", "Remove it, or use an `hf:` source.", ["revision"]),
      );
    } else if (ref?.revision !== undefined && ref.revision !== revision) {
      const message = `${quote("revision")} is ${quote(revision)}, and ${quote("source")} has the revision ${quote(ref.revision)}`;
      check.addIssue(schemaIssue(message, "Remove one of the two.", ["revision"]));
    }
  });

/** Models that share all other keys of a recipe. */
export const modelList = z.strictObject({
  models: z
    .array(source)
    .min(1)
    .max(1000)
    .describe(
      "Instead of `model`: the sources of several models. Each gets a release of its own, named `<recipe>-<model>`.",
    ),
});

const projectorType = patternString(/^(F16|Q8_0)$/, "a type of projector", "Write `F16` or `Q8_0`.");

const convert = z.strictObject({
  engine: z
    .enum(["auto", "native", "upstream"])
    .exactOptional()
    .describe(
      "Converter: quantsmith's own, without Python (`native`), or llama.cpp's (`upstream`). `auto` selects `native` for model families with byte-identical output (default `auto`).",
    ),
  outtype: z
    .enum(["auto", "bf16", "f16", "f32"])
    .exactOptional()
    .describe("Type of the base GGUF; `auto` follows the checkpoint (default `auto`)."),
  mmproj: z
    .union([z.enum(["auto", "none", ...projectorTypes]), z.array(projectorType).min(1)])
    .exactOptional()
    .describe("Type or types of the vision or audio projector, if the model has one; `auto` is F16 (default `auto`)."),
  mtp: z
    .enum(["auto", "keep", "drop", "separate"])
    .exactOptional()
    .describe(
      "Layers for multi-token prediction (MTP, NextN): part of every variant (`keep`), left out (`drop`), or a file of their own for speculative decoding (`separate`). `auto` keeps what llama.cpp's converter keeps (default `auto`).",
    ),
  pretokenizer: patternString(
    /^[A-Za-z0-9][\w.-]*$/,
    "a pre-tokenizer name",
    "Write `auto` or a pre-tokenizer of llama.cpp, such as `llama-bpe`.",
  )
    .exactOptional()
    .describe("`auto`, or the pre-tokenizer for a tokenizer that llama.cpp does not recognize (default `auto`)."),
});

const publishFolder = String.raw`dir:[^\u0000-\u001f]+`;
/** Stands for the model's name in `publish.repo`. */
export const modelPlaceholder = "{model}";

const publishPlace = z
  .string()
  .superRefine((text, check) => {
    if (new RegExp(`^${publishFolder}$`).test(text) && isPlainPath(text.slice(4))) {
      if (!isShellPath(text.slice(4))) return;
      const message = `only a shell replaces \`~\` and variables, found ${quote(text)}`;
      check.addIssue(schemaIssue(message, "Write the path of the folder, absolute or relative to this file."));
      return;
    }
    const ref = parseHubName(text.replaceAll(modelPlaceholder, "model"));
    if (ref === undefined) {
      const remedy = "Write `org/name` for the Hugging Face Hub, or `dir:path` for a folder.";
      check.addIssue(schemaIssue(`${quote(text)} is not a publish target`, remedy));
    } else if (ref.revision !== undefined) {
      const message = `a release cannot be published to a revision, found ${quote(text)}`;
      check.addIssue(schemaIssue(message, `Write \`${ref.repo}\`; \`via\` sets how \`main\` is changed.`));
    }
  })
  .meta({ pattern: `^(${publishFolder}|(hf:)?${repoId.source.slice(1, -1)}|.*\\{model\\}.*)$` });

const publish = z
  .strictObject({
    repo: publishPlace.describe(
      "`org/name` on the Hugging Face Hub, or `dir:path` (relative to this file); `{model}` stands for the model's name.",
    ),
    private: z
      .boolean()
      .exactOptional()
      .describe(
        "Create a private repository; fail if it exists and is public. `false`: create a public one, also for a private source (default: the organization's own default, else public).",
      ),
    via: z
      .enum(["branch", "pr", "direct"])
      .exactOptional()
      .describe(
        "`branch`: staging branch, then one commit on main; `pr`: pull request; `direct`: commits on main (default `branch`).",
      ),
    collection: patternString(
      new RegExp(repoId.source.replaceAll("95", "200")),
      "a collection's slug",
      "Copy the part after `/collections/` from its address: `org/title-0123456789abcdef01234567`.",
    )
      .exactOptional()
      .describe("Collection on the Hub to which the repository is added."),
    gated: z
      .union([z.literal(false), z.enum(["auto", "manual"])])
      .exactOptional()
      .describe(
        "Gated access with automatic or manual approval, or `false`, also for a gated source (default: unchanged).",
      ),
    stream: z
      .boolean()
      .exactOptional()
      .describe("Upload each variant as soon as it passes, while others are built; commit at the end (default false)."),
    sign: z
      .boolean()
      .exactOptional()
      .describe("Sign the release through Sigstore with the CI job's identity (default false)."),
    removeOld: z
      .boolean()
      .exactOptional()
      .describe("Delete the model files of earlier releases at the target that this one lacks (default false)."),
  })
  .superRefine((value, check) => {
    if (!value.repo.startsWith("dir:")) return;
    for (const key of ["private", "via", "collection", "gated", "stream"] as const) {
      if (value[key] === undefined) continue;
      check.addIssue(
        schemaIssue(`\`${key}\` does not apply to a folder`, "Remove it, or publish to the Hugging Face Hub.", [key]),
      );
    }
  });

/** Also part of a pipeline. */
export const quantize = z
  .strictObject({
    engine: z
      .enum(["bank", "llama-quantize"])
      .exactOptional()
      .describe(
        "`bank` quantizes each tensor once for all variants; `llama-quantize` runs that tool once per variant, without error feedback. With `rounding: nearest` both write the same bytes (default `bank`).",
      ),
    rounding: rounding
      .exactOptional()
      .describe(
        "Rounding of quantized tensors: `nearest` rounds each weight independently, as llama-quantize does; `feedback` compensates rounding errors with the second moments of the inputs and requires the stage `calibrate` (default `nearest`).",
      ),
  })
  .describe("How variants are quantized.");

/** A recipe file: what to build. `settings.ts` adds defaults. */
export const recipeSchema = z
  .strictObject({
    version: z.literal(1).describe("Version of the recipe format."),
    model: model.describe("What to quantize."),
    pipeline: z
      .string()
      .superRefine((text, check) => {
        if (isYamlPath(text) || (isPlainPath(text) && !text.includes("/"))) return;
        const remedy = "Write a name such as `release`, or the path of a file ending in `.yaml` or `.yml`.";
        check.addIssue(schemaIssue(`${quote(text)} is not a pipeline`, remedy));
      })
      .exactOptional()
      .describe("Build settings: a name from pipelines/ or the path of a YAML file (default `release`)."),
    convert: convert.exactOptional().describe("How the base GGUF is converted."),
    calibration: z
      .strictObject({
        corpus: corpus.exactOptional().describe("Text for the importance matrix (default `default`)."),
        chunks: chunks.exactOptional().describe("Number of chunks of the text to use (default 200)."),
        context: context.exactOptional().describe("Tokens per chunk (default 512)."),
        chatTemplate: z
          .boolean()
          .exactOptional()
          .describe("Format the text as conversations with the chat template (default false)."),
      })
      .exactOptional()
      .describe("How the importance matrix is computed."),
    search: z
      .strictObject({
        corpus: corpus.exactOptional().describe("Text for the probes (default `default`)."),
        chunks: chunks.exactOptional().describe("Number of chunks of the text to use (default 24)."),
      })
      .exactOptional()
      .describe("Text for tuning dynamic variants."),
    evaluation: evaluation.exactOptional(),
    comparators: comparators.exactOptional(),
    tasks: tasks.exactOptional(),
    quantize: quantize.exactOptional(),
    variants: z.array(variantEntry).min(1).describe("The GGUF variants to build."),
    gates: gates
      .exactOptional()
      .describe("Limits that a variant must meet for release; each replaces the pipeline's limit on that metric."),
    smoke: z
      .array(smokePrompt)
      .exactOptional()
      .describe("Prompts that every variant must answer; an empty list disables them (default: two simple prompts)."),
    devices: z
      .array(deviceId)
      .exactOptional()
      .describe("Devices for which fit is reported, see `quantsmith devices` (default: a few of each class)."),
    catalog: z
      .string()
      .superRefine((text, check) => {
        if (isYamlPath(text)) return;
        const remedy = "Write the path of a file ending in `.yaml` or `.yml`, such as `./my-devices.yaml`.";
        check.addIssue(schemaIssue(`${quote(text)} is not the path of a YAML file`, remedy));
      })
      .exactOptional()
      .describe("Additional device catalog (relative to this file)."),
    keepIntermediates: z
      .boolean()
      .exactOptional()
      .describe(
        "Keep the 16-bit GGUF and the base logits after their last use (default true). `false` saves disk space, but later changes may rebuild them.",
      ),
    metadata: metadata.exactOptional(),
    card: card.exactOptional(),
    compute: compute.exactOptional(),
    executors: executors.exactOptional(),
    publish: publish.exactOptional().describe("Target and settings of `--publish`."),
  })
  .describe("A quantsmith recipe: the model and the GGUF variants to build.");

const { version, model: oneModel, ...shared } = recipeSchema.shape;

/** A recipe file as written: with `model`, or with `models`, which `expandModels` resolves. */
export const recipeFileSchema = z
  .strictObject({ version, model: oneModel.exactOptional(), ...modelList.partial().shape, ...shared })
  .meta({ oneOf: [{ required: ["model"] }, { required: ["models"] }] })
  .describe("A quantsmith recipe: the models and the GGUF variants to build.");

export type Recipe = z.output<typeof recipeSchema>;
