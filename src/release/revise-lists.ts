import type { JsonObject } from "../util/canonical-json.js";
import { fileComponent, sealBom } from "./bom.js";

/** Files whose content changed or that were added, path to sha256. */
type Revised = ReadonlyMap<string, string>;

/** Replaces and adds files in a valid provenance statement. */
export function reviseProvenance(text: string, files: Revised): string {
  const { subject, ...statement } = JSON.parse(text) as { subject: { name: string }[] };
  const kept = subject.filter(({ name }) => !files.has(name));
  const revised = [...files].map(([name, sha256]) => ({ name, digest: { sha256 } }));
  const { _type, ...rest } = statement as { _type?: string };
  return `${JSON.stringify({ _type, subject: [...kept, ...revised], ...rest }, null, 2)}\n`;
}

/** Replaces and adds files in a valid bill of materials. */
export function reviseBom(text: string, files: Revised): string {
  const bom = JSON.parse(text) as JsonObject & Bom;
  const all = [...files].map(([path, sha256]) => fileComponent({ path, sha256 }));
  const refs = all.map((component) => component["bom-ref"]);
  const added = refs.filter((ref) => !bom.dependencies.some((one) => one.ref === ref));
  const [model, ...dependencies] = bom.dependencies;
  return sealBom({
    ...bom,
    components: [...bom.components.filter((one) => !refs.includes(one["bom-ref"])), ...all],
    dependencies: [
      { ref: "model", dependsOn: [...(model?.dependsOn ?? []), ...added] },
      ...dependencies,
      ...added.map((ref) => ({ ref })),
    ],
  });
}

interface Bom {
  components: (JsonObject & { "bom-ref": string })[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

/** Renders SHA256SUMS, in the format of sha256sum. */
export function renderChecksums(files: ReadonlyMap<string, string>): string {
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, sha256]) => `${sha256}  ${path}\n`)
    .join("");
}
