import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { packageRoot } from "../../util/package-root.js";
import { packageVersion } from "../../util/package-version.js";
import { repositoryRoot } from "../../util/repository-root.js";
import { print } from "../print.js";
import { isUnmodified, renderWorkflow, workflowPath } from "./release-workflow.js";
import { renderWatchWorkflow, watchWorkflowPath } from "./watch-workflow.js";
import { writeNewFile } from "./write-new-file.js";

export interface InitCiOptions {
  install?: string;
  force?: boolean;
  /** Recipes for the workflow that watches their sources, which is written instead; true with `queue`. */
  watch?: readonly string[] | true;
  /** Path of a queue file, instead of recipes. */
  queue?: string;
}

/** `quantsmith init ci`: writes a workflow into the current repository. Errors: QS-INIT-EXISTS, QS-USAGE. */
export async function initCi({ install, watch, queue, force = false }: InitCiOptions): Promise<void> {
  const template = await readFile(new URL(workflowPath, packageRoot), "utf8");
  const installed = install ?? thisPackage();
  if (watch === undefined && queue !== undefined) {
    throw new QuantsmithError("QS-USAGE", "--queue needs --watch", {
      remedy: "Add `--watch` for a workflow that watches the recipes of the queue.",
    });
  }
  const workflow =
    watch === undefined
      ? { path: workflowPath, text: renderWorkflow(template, installed), next: setUp }
      : {
          path: watchWorkflowPath,
          text: renderWatchWorkflow(template, installed, { recipes: watch === true ? [] : watch, queue }),
          next: watchSetUp,
        };
  const path = join(repositoryRoot(process.cwd()), workflow.path);
  const outcome = await writeNewFile(path, workflow.text, { force, mayReplace: isUnmodified });
  if (outcome === "written")
    print([`Wrote ${path}`, "", ...installNotice(installed), "", ...workflow.next.split("\n")]);
  else print(`${path} is up to date`);
}

function installNotice(installed: string): string[] {
  const notice = `The workflow installs ${installed} with npm; \`--install\` sets another package or a git address.`;
  return installed === thisPackage() ? [notice, ...unpublished.split("\n")] : [notice];
}

function thisPackage(): string {
  return `quantsmith@${packageVersion()}`;
}

const unpublished = `Verify that you trust this npm package's owner: its code runs in your jobs, with their secrets.
This version was built before quantsmith was published on npm. If npm does not find it, use \`--install git+https://…\`.`;

const setUp = `Next steps on GitHub:
  1. Commit and push the workflow and a recipe.
  2. For publishing: under Settings → Environments, create the environment "release". Add required reviewers, allow
     deployments only from your main branch, and add the secret HF_TOKEN: a fine-grained token that can write only to
     the release's repository on the Hugging Face Hub.
  3. For a gated or private model: under Settings → Secrets → Actions, add HF_READ_TOKEN, a read-only token.
  4. Under Actions → Release GGUF → Run workflow, enter the recipe's path; to publish, select \`publish\` and enter \`repo\`.
The publishing job starts only after a reviewer approves it.`;

const watchSetUp = `Next steps on GitHub:
  1. Commit and push the workflow and the recipes.
  2. For a gated or private model: under Settings → Secrets → Actions, add HF_READ_TOKEN, a read-only token.
The workflow runs each Monday, and under Actions → Watch GGUF → Run workflow. It changes nothing; run
\`quantsmith watch --apply\` where the release is built.`;
