import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type MetadataParams, readConverterCard } from "../../converter/general/converter-card.js";

const cardName = "README.md";

/**
 * Creates the converter's input folder: links to the snapshot's files, and a model card reduced to the supported fields.
 * With the original card, the converter would fail on invalid YAML and copy arbitrary metadata.
 */
export async function makeModelFolder(
  folder: string,
  snapshot: string,
  { baseModel, metadata }: { baseModel: string | null; metadata: MetadataParams },
): Promise<void> {
  await mkdir(folder);
  for (const name of await readdir(snapshot)) {
    if (name !== cardName) await symlink(join(snapshot, name), join(folder, name));
  }
  const fields = await readConverterCard(snapshot, { baseModel, metadata });
  // JSON is valid YAML and keeps the language `no` (Norwegian) a string.
  await writeFile(join(folder, cardName), `---\n${JSON.stringify(fields)}\n---\n`);
}
