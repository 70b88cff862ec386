import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { requireEither } from "../read-queue.js";
import { requireInstallable, stamped } from "./release-workflow.js";

/** Path of the workflow in every repository. */
export const watchWorkflowPath = ".github/workflows/watch-gguf.yml";

/**
 * Renders a workflow that runs `quantsmith watch` each week. It uses the versions of actions of the release workflow
 * `template`. Errors: QS-USAGE for both recipes and a queue file or none of them, for a path with characters that a shell or
 * GitHub interprets, or an `install` as for the release workflow.
 */
export function renderWatchWorkflow(
  template: string,
  install: string,
  { recipes, queue }: { recipes: readonly string[]; queue?: string | undefined },
): string {
  requireInstallable(install);
  requireEither("init ci --watch", recipes, queue);
  for (const path of [...recipes, ...(queue === undefined ? [] : [queue])]) {
    if (/^[\w./][\w./@+-]*$/.test(path)) continue;
    throw new QuantsmithError("QS-USAGE", `the path ${quote(path)} cannot be in a workflow`, {
      remedy: "Give paths relative to the repository, of letters, digits, `.`, `_`, `-`, `@`, `+` and `/`.",
    });
  }
  return stamped(`# Compares the releases of recipes with their sources on the Hugging Face Hub each week. A run fails with exit code 10 if a
# release is out of date, so that GitHub notifies the workflow's last editor; its summary shows what has changed.
name: Watch GGUF

on:
  schedule:
    - cron: "17 5 * * 1"
  workflow_dispatch:

permissions: {}

defaults:
  run:
    shell: bash

jobs:
  watch:
    name: Watch
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read
    steps:
      - uses: ${actionOf(template, "actions/checkout")}
        with:
          persist-credentials: false
      - uses: ${actionOf(template, "actions/setup-node")}
        with:
          node-version: 22
          package-manager-cache: false
      - name: Install quantsmith
        env:
          QUANTSMITH: ${JSON.stringify(install)}
        run: npm install --global -- "$QUANTSMITH"
      - name: Watch
        env:
          # Read-only, for gated or private models.
          HF_TOKEN: \${{ secrets.HF_READ_TOKEN }}
        run: |
          { echo '~~~~~~~~'; quantsmith watch ${queue === undefined ? recipes.join(" ") : `--queue ${queue}`}; } | tee -a "$GITHUB_STEP_SUMMARY"
`);
}

/** Returns an action with its commit and version, as the release workflow pins it. */
function actionOf(template: string, name: string): string {
  const pinned = new RegExp(`uses: (${name}@.+)$`, "m").exec(template)?.[1];
  if (pinned === undefined) throw new Error(`the release workflow does not use ${name}`);
  return pinned;
}
