import { readUnchanged } from "../../hub/upload/local-file.js";
import { builtFor, isSameRepository, modelYamlFile } from "../../release/built-for.js";
import { QuantsmithError } from "../../util/errors.js";
import type { CheckedRelease } from "./release-files.js";

/**
 * Requires that a release was built for a repository or for none: the commands of its card would download another one, and tell
 * the name of a private one. Errors: QS-PUBLISH-REPO.
 */
export async function requireBuiltFor({ files }: CheckedRelease, repo: string): Promise<void> {
  const file = files.find(({ path }) => path === modelYamlFile);
  const other = file === undefined ? undefined : builtFor(String(await readUnchanged(file)));
  if (other === undefined || isSameRepository(other, repo)) return;
  throw new QuantsmithError(
    "QS-PUBLISH-REPO",
    `the release was built for ${other}, which its model card and ${modelYamlFile} name, and not for ${repo}`,
    {
      remedy: `Set \`publish: { repo: ${repo} }\` in the recipe and run it again, which reuses finished steps; without \`publish\`, the card names files instead of a repository.`,
    },
  );
}
