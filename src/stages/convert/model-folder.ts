import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type MetadataParams, readConverterCard } from "../../converter/general/converter-card.js";

const cardName = "README.md";

/**
 * Makes the folder that the converter sees: links to the snapshot's files, and in place of the model card one that says
 * no more than was understood of it. The converter would stop at a card that is not YAML, and could be told any
 * metadata by one that is.
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
  // JSON is YAML too, and the only kind in which Norwegian stays `no`.
  await writeFile(join(folder, cardName), `---\n${JSON.stringify(fields)}\n---\n`);
}
