import { bomFile } from "../release/bom.js";
import { toolName } from "../release/figures.js";
import { lockFileName, provenanceFile } from "../release/provenance.js";
import type { RunReport } from "../release/release-report.js";
import { shellPath } from "../util/shell-word.js";
import { describeCompute } from "./describe-compute.js";
import { describeEvaluatedBase } from "./describe-evaluated-base.js";
import { describeRounding } from "./describe-rounding.js";
import { codeSpan, markdownLink, markdownText } from "./markdown.js";
import { fenced } from "./snippets/snippet.js";

export interface MethodFacts {
  report: RunReport;
  imatrixFile: string | null;
}

/** Renders the model card's section on inputs, provenance and rebuilding. */
export function renderMethod({ report, imatrixFile }: MethodFacts): string {
  const { calibration } = report;
  const { commit, source } = report.model;
  const rounding = describeRounding(report);
  const compute = describeCompute(report);
  const evaluated = describeEvaluatedBase(report);
  const lines = [
    "## How it was made\n",
    `- Source: ${commit === null ? "a local checkpoint" : `${markdownText(source)} at commit ${codeSpan(commit)}`}`,
  ];
  if (calibration !== undefined && imatrixFile !== null) {
    lines.push(
      `- Importance matrix: ${markdownLink(imatrixFile, `./${imatrixFile}`)}, from ${calibration.chunks} × ${calibration.context} tokens of ${codeSpan(calibration.corpus)}`,
    );
  }
  lines.push(
    ...(rounding === undefined ? [] : [`- Rounding: ${markdownText(rounding)}`]),
    ...dynamicLines(report),
    ...(evaluated === undefined ? [] : [`- ${markdownText(evaluated)}`]),
    ...(compute === undefined ? [] : [`- ${markdownText(compute)}`]),
    ...Object.entries(report.toolchain).map(([tool, version]) => `- ${markdownText(`${toolName(tool)} ${version}`)}`),
    ...tensorsLine(report),
    `- Recipe and exact inputs: [${lockFileName}](./${lockFileName})`,
    `- Provenance: [${provenanceFile}](./${provenanceFile}) (in-toto, SLSA); bill of materials: [${bomFile}](./${bomFile}) (CycloneDX); checksums: [SHA256SUMS](./SHA256SUMS)`,
    "",
    `With the same tools and type of ${compute === undefined ? "CPU" : "CPU and GPU"}, the recipe, its texts and the model, whose digests are in ${lockFileName}, produce ${report.tensorsFrom === undefined ? "" : "model "}files with the same checksums:\n`,
    fenced("sh", `quantsmith run ${shellPath(report.recipe)} --locked ${lockFileName}`),
  );
  return lines.join("\n");
}

/** Names the release of which a new one has the tensors and figures; empty for a release with its own. */
function tensorsLine({ tensorsFrom }: RunReport): string[] {
  if (tensorsFrom === undefined) return [];
  const { release, checksums } = tensorsFrom;
  const place = release === "local folder" ? "a former release" : markdownText(release);
  const file = `SHA256SUMS with the digest ${codeSpan(checksums)}`;
  return [`- Only metadata and smoke tests are new: tensors and figures are those of ${place} (${file})`];
}

/** Describes the choice of tensor types; empty without dynamic variants. */
function dynamicLines({ variants }: RunReport): string[] {
  const chosen = variants.flatMap(({ name, allocation }) => (allocation === undefined ? [] : [{ name, allocation }]));
  const probes = chosen[0]?.allocation.probes;
  if (probes === undefined) return [];
  const names = chosen.map(({ name }) => markdownLink(name, `./${name}.tensor-types.txt`)).join(", ");
  const basis =
    probes === null
      ? "The prediction uses the sensitivity of each tensor role in other models"
      : `The prediction uses ${probes.count} probes, each of which quantized ${probes.effort === "tensors" ? "one tensor" : "one group of tensors"} to a low precision and measured the KL divergence on ${probes.chunks} × ${probes.context} tokens of ${codeSpan(probes.corpus)}, a text not used for calibration or evaluation`;
  return [
    `- Dynamic variants: ${names}. The tensor types minimize the predicted KL divergence of the file within its size budget. ${basis}`,
  ];
}
