import { bomFile } from "../release/bom.js";
import { toolName } from "../release/figures.js";
import { lockFileName, provenanceFile } from "../release/provenance.js";
import type { RunReport } from "../release/release-report.js";

export interface MethodFacts {
  report: RunReport;
  imatrixFile: string | null;
  calibration: { corpus: string; chunks: number; context: number } | null;
}

/** The card's section on where the files come from, and how to make them again. */
export function renderMethod({ report, calibration, imatrixFile }: MethodFacts): string {
  const { commit, source } = report.model;
  const lines = [`- Source: ${commit === null ? "a local checkpoint" : `${source} at commit \`${commit}\``}`];
  if (calibration !== null && imatrixFile !== null) {
    lines.push(
      `- Importance matrix: [${imatrixFile}](./${imatrixFile}), from ${calibration.chunks} × ${calibration.context} tokens of \`${calibration.corpus}\``,
    );
  }
  lines.push(
    ...dynamicLines(report),
    ...Object.entries(report.toolchain).map(([tool, version]) => `- ${toolName(tool)} ${version}`),
    `- Recipe and exact inputs: [${lockFileName}](./${lockFileName}); every figure: [report.html](./report.html), to be opened in a browser, and [release.json](./release.json)`,
    `- Provenance: [${provenanceFile}](./${provenanceFile}) (in-toto, SLSA); bill of materials: [${bomFile}](./${bomFile}) (CycloneDX); checksums: [SHA256SUMS](./SHA256SUMS)`,
    "",
    "Nothing in it is left to chance: texts are read in their order, and those that a model wrote took fixed seeds. The same recipe gives the same files again, with the same checksums:\n",
    `\`\`\`sh\nquantsmith run ${report.recipe} --locked ${lockFileName}\n\`\`\`\n`,
    `The recipe file \`${report.recipe}\`, its texts and the model are not part of the release; ${lockFileName} names what it takes, texts and model by digest.\n`,
  );
  return lines.join("\n");
}

/** How dynamic variants came to their types; none without one. */
function dynamicLines({ variants }: RunReport): string[] {
  const chosen = variants.flatMap(({ name, allocation }) => (allocation === undefined ? [] : [{ name, allocation }]));
  const probes = chosen[0]?.allocation.probes;
  if (probes === undefined) return [];
  const names = chosen.map(({ name }) => `[${name}](./${name}.tensor-types.txt)`).join(", ");
  const basis =
    probes === null
      ? "The prediction rests on how sensitive the tensors of each role were in other models"
      : `The prediction rests on ${probes.count} probes that damaged ${probes.effort === "tensors" ? "single tensors" : "groups of tensors"} and measured the effect on ${probes.chunks} × ${probes.context} tokens of \`${probes.corpus}\`, a text apart from calibration and evaluation`;
  return [
    `- Dynamic variants: ${names}. Each tensor's type was chosen to keep the whole file's predicted KL divergence lowest within its size. ${basis}`,
  ];
}
