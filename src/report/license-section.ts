import type { BaseCard } from "../checkpoint/base-card.js";
import { licenseUrl } from "../checkpoint/license-url.js";
import { hubUrl } from "../hub/hub-url.js";

/** The card's section on licence and access: whoever takes a variant is bound by what binds the base. */
export function licenseSection({ card, baseModel }: { card: BaseCard; baseModel: string | null }): string {
  const base = baseModel === null ? "the checkpoint" : `[${baseModel}](${hubUrl(baseModel)})`;
  const gate = card.gated
    ? [
        `Access to ${base} must be asked for, and who gets it agrees to terms. They go with these files, which were made from it.`,
      ]
    : [];
  return ["## License\n", licenseLine(card, baseModel, base), ...gate, ""].join("\n");
}

function licenseLine({ license, licenseName, licenseLink }: BaseCard, baseModel: string | null, base: string): string {
  if (license === null)
    return `The card of ${base} names no licence. Look there before you use or pass on these files.`;
  const name = licenseName ?? license;
  const url = licenseUrl(licenseLink, baseModel);
  return `These files are under the licence of ${base}: ${url === null ? `\`${name}\`` : `[${name}](${url})`}.`;
}
