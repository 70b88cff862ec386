import type { Settings } from "../recipe/settings.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import type { PlanFacts } from "./facts.js";

/** Where a release has the layers for multi-token prediction: as the converter does, nowhere, or in a file of their own. */
export type MtpChoice = "default" | "drop" | "separate";

/** Id of the step that converts separated layers. */
export const mtpId = "convert:mtp";

/**
 * Returns what the recipe's `convert.mtp` means for this checkpoint. `auto` drops layers that config.json declares and the
 * files lack, since llama.cpp's converter fails on them or writes a file that does not load. Errors: QS-CONVERT-MTP.
 */
export function mtpChoice({ convert, locate }: Settings, { model, mtpArchitectures }: PlanFacts): MtpChoice {
  const { outline } = model;
  if (outline === undefined) return "default";
  const { architecture, isCounted, mtpLayers } = outline;
  const isSupported = mtpArchitectures?.has(architecture);
  const lacks = isCounted && mtpLayers === 0;
  if (convert.mtp === "auto") return lacks && isSupported === true ? "drop" : "default";
  const fail = (message: string) =>
    new QuantsmithError("QS-CONVERT-MTP", message, {
      remedy: "Remove `mtp` from the recipe's `convert`.",
      at: locate(["convert", "mtp"]),
    });
  if (convert.mtp === "drop" && lacks) return isSupported === true ? "drop" : "default";
  if (lacks)
    throw fail(`\`mtp: ${convert.mtp}\` requires layers for multi-token prediction, which the checkpoint lacks`);
  if (convert.mtp === "keep") return "default";
  if (isSupported !== false) return convert.mtp;
  throw fail(`llama.cpp's converter cannot separate the MTP layers of ${quote(architecture)}`);
}

/** Says what happens to the layers for multi-token prediction; empty for a checkpoint without any. */
export function mtpNotes(settings: Settings, facts: PlanFacts): string[] {
  const { outline } = facts.model;
  if (outline === undefined || outline.mtpLayers === 0) return [];
  const { architecture, mtpLayers, mtpParameters } = outline;
  const count = `${mtpLayers} ${mtpLayers === 1 ? "layer" : "layers"} for multi-token prediction`;
  const what = `the checkpoint has ${count} (${(mtpParameters / 1e6).toPrecision(3)} million weights)`;
  const choice = mtpChoice(settings, facts);
  if (choice === "drop") return [`${what}, which the release lacks`];
  if (choice === "separate") return [`${what}: a file of their own, as a draft for every variant`];
  if (facts.mtpArchitectures?.has(architecture) === false)
    return [`${what}: left to llama.cpp's converter, which has no option for them in ${quote(architecture)}`];
  return [
    `${what}, which every variant contains; llama.cpp computes no imatrix for them, so types that need one become Q8_0`,
  ];
}
