import * as z from "zod";
import { deviceId } from "../hardware/catalog/device.js";
import type { VariantBudget } from "../stages/allocate/budget.js";
import { size } from "../util/quantity-schema.js";
import { quoteList } from "../util/quote.js";
import { missingKeys, schemaIssue } from "../util/schema-issue.js";
import { nameSchema, presetName, rounding, tensorPattern, tensorType } from "./schema-parts.js";

const budgets = ["sizeOf", "bitsPerWeight", "bytes", "device"] as const satisfies readonly VariantBudget["kind"][];

/** Bytes; smaller values are most likely meant in another unit. */
const minReserveBytes = 1_000_000;

const dynamic = z
  .strictObject({
    sizeOf: presetName.exactOptional().describe("Budget: the size of this preset."),
    bitsPerWeight: z.number().min(1).max(16).exactOptional().describe("Average bits per weight over all tensors."),
    bytes: size.exactOptional().describe("Largest file size, such as `2.4 GB` or `2 GiB`."),
    device: deviceId.exactOptional().describe("Device that must run the variant, see `quantsmith devices`."),
    context: z
      .int()
      .min(64)
      .max(1_048_576)
      .exactOptional()
      .describe("Context in tokens that must also fit the device (default 4096)."),
    reserve: size.exactOptional().describe("Memory of the device to leave free, such as `500 MB` (default 0)."),
    types: z.array(tensorType).min(2).exactOptional().describe("Tensor types to choose from."),
  })
  .superRefine((value, context) => {
    const given = budgets.filter((key) => value[key] !== undefined);
    if (given.length === 0) {
      context.addIssue(missingKeys(budgets, "`dynamic` has no budget", `Add one of ${quoteList(budgets, "or")}.`));
    }
    if (given.length > 1) {
      const remedy = "Keep one budget; write one variant per budget.";
      context.addIssue(schemaIssue(`\`dynamic\` has ${given.length} budgets: ${quoteList(given, "and")}`, remedy));
    }
    if (value.reserve !== undefined && value.reserve < minReserveBytes) {
      const remedy = `Write it with a unit, such as \`${value.reserve} MB\`.`;
      context.addIssue(
        schemaIssue(`the reserve of ${value.reserve} bytes is too small to have an effect`, remedy, ["reserve"]),
      );
    }
    for (const key of ["context", "reserve"] as const) {
      if (value[key] === undefined || value.device !== undefined) continue;
      const message = `\`${key}\` requires \`device\``;
      context.addIssue(schemaIssue(message, "Remove it, or name the device.", [key]));
    }
  })
  .describe("Choose the type of each tensor by measurement, within a budget.");

const variantObject = z
  .strictObject({
    name: nameSchema("variant").exactOptional().describe("Name in file names and tables (default: the preset's)."),
    preset: presetName.exactOptional().describe("A preset of llama-quantize."),
    tensors: z
      .record(tensorPattern, tensorType)
      .exactOptional()
      .describe(
        "Fixed types of tensors: part of a name or a regular expression, and the type; overrides the preset and `dynamic`.",
      ),
    dynamic: dynamic.exactOptional(),
    rounding: rounding.exactOptional().describe("Rounding of this variant (default: the recipe's)."),
    allowRequantize: z
      .boolean()
      .exactOptional()
      .describe(
        "Quantize also tensors that the source has in a quantized type, such as gpt-oss's experts in MXFP4; they keep their type otherwise (default false).",
      ),
  })
  .superRefine((value, context) => {
    if (value.preset === undefined && value.dynamic === undefined) {
      context.addIssue(
        missingKeys(
          ["preset", "dynamic"],
          "the variant has neither `preset` nor `dynamic`",
          "Add `preset: Q4_K_M`, or `dynamic` with a budget.",
        ),
      );
    }
    if (value.preset !== undefined && value.dynamic !== undefined) {
      context.addIssue(schemaIssue("the variant has both `preset` and `dynamic`", "Keep one of the two.", ["dynamic"]));
    }
    if (value.name === undefined && value.dynamic !== undefined) {
      context.addIssue(
        missingKeys(
          ["name"],
          "a dynamic variant needs a `name`",
          "Add the name of the nearest preset, such as `name: Q4_K_M`.",
        ),
      );
    }
  });

/** One entry of `variants`: a preset's name, a preset with rules, or a dynamic variant. */
export const variantEntry = z
  .union([presetName, variantObject])
  .describe("A preset, or a mapping with `preset` or `dynamic`.");
