import { type CheckpointDetails, readDetails } from "../../checkpoint/outline/details.js";
import type { OpenCheckpoint } from "../../checkpoint/outline/open-checkpoint.js";
import { describeToolchain } from "../../llamacpp/toolchain/toolchain.js";
import { chooseEngine } from "../../stages/convert/choose-engine.js";
import { converterRules } from "../../stages/convert/converter-rules.js";
import { requireArchitecture } from "../../stages/convert/require-architecture.js";
import { requireQuantization } from "../../stages/convert/require-quantization.js";
import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import { shorten } from "../print.js";

/** `quantsmith inspect --json` of a checkpoint. */
export type CheckpointDescription = OpenCheckpoint["outline"] &
  CheckpointDetails & {
    weightBytes: number;
    /** The converter that a recipe without settings uses, or why none reads the checkpoint. */
    conversion: { engine: "native" | "upstream" | null; why: string; remedy?: string };
  };

/** Describes a checkpoint from its headers and small files. Errors: QS-HUB-*. */
export async function describeCheckpoint(checkpoint: OpenCheckpoint): Promise<CheckpointDescription> {
  const { outline, names, read, weightBytes } = checkpoint;
  const details = await readDetails({ names, architecture: outline.architecture }, read);
  return { ...outline, ...details, weightBytes, conversion: await conversion(checkpoint, details) };
}

async function conversion(
  { config, outline, names }: OpenCheckpoint,
  { card }: CheckpointDetails,
): Promise<CheckpointDescription["conversion"]> {
  const rules = await converterRules(await describeToolchain());
  const { architecture, format } = outline;
  try {
    requireQuantization({ config, architecture, format, baseModels: card.baseModels }, rules.quantization);
    const { engine, why } = chooseEngine("auto", { config, modelName: "model", files: names });
    if (engine === "upstream") requireArchitecture("model", config, rules.architectures);
    return { engine: engine === "native" ? "native" : "upstream", why };
  } catch (error) {
    if (!(error instanceof QuantsmithError)) throw error;
    return { engine: null, why: `${error.code}: ${error.message}`, remedy: error.remedy };
  }
}

const longest = 400;

/** Returns the description as rows of a table. Pure. */
export function checkpointRows(found: CheckpointDescription): string[][] {
  const { format, card, conversion } = found;
  const yesNo = (value: boolean | null) => (value === null ? "not stated" : value ? "yes" : "no");
  const rows: [string, string | number | null][] = [
    ["Architecture", found.architecture],
    ["Parameters", `${count(found.parameters)}${found.isCounted ? "" : " (estimated from bytes)"}`],
    ["Weights", format === null ? null : `${format.label}, ${formatBytes(found.weightBytes)}`],
    ["Converted base", formatBytes(found.baseBytes)],
    ["Layers", found.layers],
    ["Experts per layer", found.experts > 1 ? found.experts : null],
    ["Towers", parts(found.towers.join(" and "), found.towerParameters)],
    ["MTP layers", mtp(found)],
    ["Context", found.contextLength === null ? null : `${found.contextLength} tokens`],
    ["Vocabulary", found.vocabulary === null ? null : `${found.vocabulary} tokens`],
    ["Tied embedding", yesNo(found.tied)],
    ["Tokenizer", [found.tokenizer, found.tokenizerClass].filter((part) => part !== null).join(", ") || "none"],
    ["Pooling", found.pooling],
    ["Licence", card.license === "other" ? (card.licenseName ?? "other") : (card.license ?? "not stated")],
    ["Base model", card.baseModels.join(", ") || null],
    [
      "Conversion",
      conversion.engine === null ? `not possible: ${conversion.why}` : `${conversion.engine} (${conversion.why})`,
    ],
    ["Remedy", conversion.remedy ?? null],
  ];
  return rows.flatMap(([name, value]) =>
    value === null || value === "" ? [] : [[name, shorten(`${value}`, longest)]],
  );
}

function mtp({ mtpLayers, mtpParameters, mtpDeclared }: CheckpointDescription): string | null {
  if (mtpLayers > 0) return parts(`${mtpLayers}`, mtpParameters);
  return mtpDeclared > 0 ? `${mtpDeclared} in config.json, none in the files` : null;
}

function parts(what: string, parameters: number): string | null {
  return what === "" ? null : parameters === 0 ? what : `${what}, ${count(parameters)}`;
}

function count(parameters: number): string {
  const [unit, word] = parameters >= 1e9 ? [1e9, "billion"] : [1e6, "million"];
  return `${(parameters / unit).toPrecision(3)} ${word}`;
}
