import type { Plan } from "../plan/plan.js";
import { readReleasedTensors } from "../plan/released-tensors.js";
import { reuseObstacle, reuseTensors } from "../plan/reuse-tensors.js";
import type { QueueEntry } from "../queue/queue-status.js";
import { type QueueMember, requireDistinct } from "../queue/require-distinct.js";
import { runQueue } from "../queue/run-queue.js";
import { DigestCache } from "../util/digest-cache.js";
import { announceHashing, preparePlan } from "./prepare-plan.js";
import { note, printError } from "./print.js";
import { type RunHooks, type RunRecipeOptions, runRecipe } from "./run-recipe.js";
import { showResult } from "./show-result.js";

/** Runs models as a queue and prints their results, with `--json` none. Errors: QS-QUEUE-CLASH, those of `runQueue`. */
export async function runMembers(
  members: readonly QueueMember[],
  options: RunRecipeOptions,
  signal: AbortSignal,
  maxDiskBytes?: number,
): Promise<QueueEntry[]> {
  await requireDistinct(members);
  const digests = new DigestCache(options.quiet === true ? undefined : announceHashing);
  const onResult: RunHooks["onResult"] = async (model, result) => {
    if (options.json !== true) await showResult(model, result, { ...options, isMember: true });
  };
  const tell = options.quiet === true ? () => undefined : note;
  const limit = maxDiskBytes === undefined ? {} : { maxDiskBytes };
  const planOptions = { ...options, ownDownloads: maxDiskBytes !== undefined };
  return runQueue(
    members,
    { out: options.out, signal, note, tell, ...limit },
    {
      plan: (member, signal) => planMember(member, planOptions, { digests, signal }),
      run: async (member, plan, { signal, onEvent }) => {
        const end = await runRecipe({ ...member, plan, digests }, options, { signal, onResult, onEvent });
        if (end.refused !== undefined) printError(end.errors[0], false);
        return end;
      },
    },
  );
}

async function planMember(
  { settings, reusesTensors }: QueueMember,
  options: RunRecipeOptions & { ownDownloads: boolean },
  { digests, signal }: { digests: DigestCache; signal: AbortSignal },
): Promise<Plan> {
  const plan = await preparePlan(settings, options, digests);
  if (reusesTensors === undefined) return plan;
  const released = await readReleasedTensors(settings, options.out, signal);
  const obstacle = reuseObstacle(plan, released, reusesTensors.sourceCommit);
  if (obstacle === undefined) return reuseTensors(plan, settings, released);
  note(`Note: ${settings.name} is built again as a whole, since ${obstacle}.`);
  return plan;
}
