import type { BaseCard } from "../checkpoint/base-card.js";
import { licenseUrl } from "../checkpoint/license-url.js";
import { hubUrl } from "../hub/hub-url.js";
import type { RunReport } from "../release/release-report.js";

/** Renders the model card's section on licence and access, both inherited from the base model. */
export function licenseSection({
  card,
  baseModel,
  report,
}: {
  card: BaseCard;
  baseModel: string | null;
  report: RunReport;
}): string {
  const local = report.model.files === undefined ? "the checkpoint" : "the GGUF source";
  const base = baseModel === null ? local : `[${baseModel}](${hubUrl(baseModel)})`;
  const gate = card.gated
    ? [
        `${base} is gated: access requires a request and acceptance of its terms. These files are derived from it, and the same terms apply.`,
      ]
    : [];
  return ["## Licence\n", licenseLine(card, baseModel, base), ...gate, ""].join("\n");
}

function licenseLine({ license, licenseName, licenseLink }: BaseCard, baseModel: string | null, base: string): string {
  if (license === null)
    return `The model card of ${base} does not state a licence. Check its terms before you use or redistribute these files.`;
  const name = licenseName ?? license;
  const url = licenseUrl(licenseLink, baseModel);
  return `These files are under the licence of ${base}: ${url === null ? `\`${name}\`` : `[${name}](${url})`}.`;
}
