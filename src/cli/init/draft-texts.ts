import { formatBytes } from "../../util/bytes.js";
import { licenseWords, type PinnedText } from "./data-sets.js";
import type { ModelOutline } from "./model-outline.js";

/** Returns the lines of a recipe about its texts: the pinned ones, and the bundled ones without them. */
export function draftTexts({ source, chat, mixture, pooling }: ModelOutline, pinned: readonly PinnedText[]): string[] {
  const template = chat === "none" || pooling !== undefined ? "" : ", chatTemplate: true";
  const chunks = mixture ? ", chunks: 400" : "";
  const calibration = pinned.filter(({ use }) => use === "calibration");
  const corpora = calibration.map(({ corpus }) => `"${corpus}"`);
  return [
    ...(mixture
      ? ["# The whole text, because each token activates few experts; an additional corpus covers more of them."]
      : []),
    ...calibration.map(describeText),
    corpora.length === 0
      ? `calibration: { corpus: default${template}${chunks} }`
      : `calibration: { corpus: [${[...corpora, "default"].join(", ")}]${template}${chunks} }`,
    "search: { corpus: default }",
    ...evaluation(
      source,
      pinned.filter(({ use }) => use !== "calibration"),
    ),
  ];
}

/** Texts that other publishers use, too; the bundled ones for a local model, so that a plan needs no network. */
function evaluation(source: string, pinned: readonly PinnedText[]): string[] {
  if (pinned.length > 0) {
    return [
      "evaluation:",
      ...pinned.flatMap((text) => [`  ${describeText(text)}`, `  - { name: ${text.use}, corpus: "${text.corpus}" }`]),
    ];
  }
  return [
    source.startsWith("hf:")
      ? "# The bundled texts: metrics are comparable within this release."
      : "# The bundled texts, which need no network: metrics are comparable within this release.",
    "evaluation: { corpus: default }",
  ];
}

/** A comment on a text: what it is, where it is from, its size and licence. */
function describeText({ about, dataset, bytes, license }: PinnedText): string {
  return `# ${about}: ${dataset}, ${formatBytes(bytes)}, ${licenseWords(license)}`;
}
