import { resolve } from "node:path";
import { readStatus, statusPath } from "../../queue/queue-status.js";
import { QuantsmithError } from "../../util/errors.js";
import { print, printJson } from "../print.js";
import { queueTable } from "../views/queue-table.js";

/** `quantsmith status`: shows the models of the last queue of an output folder. Errors: QS-USAGE, QS-QUEUE-FILE. */
export async function status(options: { out: string; json?: boolean }): Promise<void> {
  const out = resolve(options.out);
  const found = await readStatus(out);
  if (found === undefined) {
    throw new QuantsmithError("QS-USAGE", `no queue has run in ${out}: ${statusPath(out)} is missing or damaged`, {
      remedy: "Run several recipes with `quantsmith run`, or set the output folder of the run with `--out`.",
    });
  }
  if (options.json === true) return printJson(found);
  print(queueTable(found.models, found.isRunning));
}
