import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { packageRoot } from "../../util/package-root.js";
import { packageVersion } from "../../util/package-version.js";
import { print } from "../print.js";
import { isUnmodified, renderWorkflow, workflowPath } from "./release-workflow.js";
import { writeNewFile } from "./write-new-file.js";

export interface InitCiOptions {
  install?: string;
  force?: boolean;
}

/** `quantsmith init ci`: writes the release workflow into the current repository. Errors: QS-INIT-EXISTS, QS-USAGE. */
export async function initCi({ install, force = false }: InitCiOptions): Promise<void> {
  const template = await readFile(new URL(workflowPath, packageRoot), "utf8");
  const installed = install ?? thisPackage();
  const text = renderWorkflow(template, installed);
  const path = join(repositoryRoot(process.cwd()), workflowPath);
  const outcome = await writeNewFile(path, text, { force, mayReplace: isUnmodified });
  if (outcome === "written") print([`Wrote ${path}`, "", ...installNotice(installed), "", ...setUp.split("\n")]);
  else print(`${path} is up to date`);
}

function installNotice(installed: string): string[] {
  const notice = `The workflow installs ${installed} with npm; \`--install\` sets another package or a git address.`;
  return installed === thisPackage() ? [notice, ...unpublished.split("\n")] : [notice];
}

function thisPackage(): string {
  return `quantsmith@${packageVersion()}`;
}

const unpublished = `Verify that you trust this npm package's owner: its code runs in your jobs, including the publishing job.
This version was built before quantsmith was published on npm. If npm does not find it, use \`--install git+https://…\`.`;

const setUp = `Next steps on GitHub:
  1. Commit and push the workflow and a recipe.
  2. For publishing: under Settings → Environments, create the environment "release". Add required reviewers, allow
     deployments only from your main branch, and add the secret HF_TOKEN: a fine-grained token that can write only to
     the release's repository on the Hugging Face Hub.
  3. For a gated or private model: under Settings → Secrets → Actions, add HF_READ_TOKEN, a read-only token.
  4. Under Actions → Release GGUF → Run workflow, enter the recipe's path; to publish, select \`publish\` and enter \`repo\`.
The publishing job starts only after a reviewer approves it.`;

/** Returns the root of the repository that contains a folder, or the folder itself outside of repositories. */
function repositoryRoot(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return folder;
  }
}
