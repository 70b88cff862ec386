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

/** `quantsmith init ci`: the release workflow in the repository around this folder. Errors: QS-INIT-EXISTS, QS-USAGE. */
export async function initCi({ install, force = false }: InitCiOptions): Promise<void> {
  const template = await readFile(new URL(workflowPath, packageRoot), "utf8");
  const installed = install ?? thisPackage();
  const text = renderWorkflow(template, installed);
  const path = join(repositoryAround(process.cwd()), workflowPath);
  const outcome = await writeNewFile(path, text, { force, mayReplace: isUnmodified });
  print(outcome === "written" ? `Wrote ${path}\n\n${whatIsInstalled(installed)}\n\n${setUp}` : `${path} is up to date`);
}

function whatIsInstalled(installed: string): string {
  const notice = `Its jobs install ${installed} with npm; \`--install\` names another package or a git address.`;
  return installed === thisPackage() ? `${notice}\n${unpublished}` : notice;
}

function thisPackage(): string {
  return `quantsmith@${packageVersion()}`;
}

const unpublished = `Look first whether that is on npm and ours: who owns a name there runs in your jobs, the publishing one included.
quantsmith was not published when this version was made; until it is, give --install git+https://….`;

const setUp = `What is left to do on GitHub:
  1. Commit the workflow and a recipe, and push them.
  2. To publish: under Settings → Environments make an environment named "release". Give it required reviewers, let
     only your main branch deploy to it, and add the secret HF_TOKEN: a fine-grained token that may write to the
     repository on the Hugging Face Hub and to nothing else.
  3. For a gated or private model: under Settings → Secrets → Actions add HF_READ_TOKEN, a token that may only read.
  4. Under Actions → Release GGUF → Run workflow give the recipe's path, and \`publish\` with \`repo\` to publish.
Nothing is published before a reviewer has approved the last job.`;

/** The folder of the repository that a folder lies in; the folder itself outside of any. */
function repositoryAround(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return folder;
  }
}
