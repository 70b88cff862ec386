import type { BaseCard } from "../checkpoint/base-card.js";
import { licenseUrl } from "../checkpoint/license-url.js";
import { repoId } from "../hub/hub-ref.js";
import { hubUrl } from "../hub/hub-url.js";
import type { RunReport } from "../release/release-report.js";
import { codeSpan, markdownLink } from "./markdown.js";

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
  const base = baseLink(baseModel, report);
  const gate = card.gated
    ? [
        `${base} is gated: access requires a request and acceptance of its terms. These files are derived from it, and the same terms apply.`,
      ]
    : [];
  return ["## Licence\n", licenseLine(card, baseModel, base), ...gate].join("\n");
}

/** The base model as a link to the Hub; without one, what the files were made from. */
export function baseLink(baseModel: string | null, { model }: RunReport): string {
  if (baseModel === null) return model.files === undefined ? "the checkpoint" : "the GGUF source";
  return repoId.test(baseModel) ? markdownLink(baseModel, hubUrl(baseModel)) : codeSpan(baseModel);
}

/** The title of the link is its address, since the checkpoint chooses both name and address. */
function licenseLine({ license, licenseName, licenseLink }: BaseCard, baseModel: string | null, base: string): string {
  if (license === null)
    return `The model card of ${base} does not state a licence. Check its terms before you use or redistribute these files.`;
  const url = licenseUrl(licenseLink, baseModel);
  const link = url === null ? "" : ` (${markdownLink(url.replace(/^https?:\/\//, ""), url)})`;
  return `These files are under the licence of ${base}: ${codeSpan(licenseName ?? license)}${link}.`;
}
