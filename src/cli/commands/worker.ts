import { waitForRemoval } from "../../engine/cache.js";
import { EventBus, eventFile } from "../../engine/events.js";
import { openWorkspace } from "../../engine/workspace.js";
import { jobPaths } from "../../remote/job-file.js";
import { runJob } from "../../remote/run-job.js";
import type { Shard } from "../../stages/stage.js";
import { DigestCache } from "../../util/digest-cache.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { interruptSignal } from "../interrupt.js";
import { lazyTools } from "../lazy-tools.js";
import { print } from "../print.js";
import { workerThreads } from "../thread-count.js";
import { plainView } from "../views/plain-view.js";

export interface WorkerCommandOptions {
  out: string;
  part?: string;
  threads?: string;
  scratch?: string;
}

/** `quantsmith worker`: runs one job of an executor, see `runJob`. Writes events to the store and as lines to the log. */
export async function worker(key: string, options: WorkerCommandOptions): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(key)) throw usage(`${quote(key)} is not a step key`);
  const shard = options.part === undefined ? undefined : parseShard(options.part);
  const threads = workerThreads(options.threads);
  const workspace = await openWorkspace(options.out, options.scratch);
  const signal = interruptSignal();
  const events = new EventBus();
  const log = eventFile(jobPaths(workspace, key, shard?.index).events);
  events.subscribe(log.listener);
  events.subscribe(plainView(print));
  try {
    await waitForRemoval(workspace, { signal });
    const digests = new DigestCache();
    await runJob(key, shard, {
      workspace,
      events,
      digests,
      signal,
      threads,
      verify: false,
      tools: lazyTools(signal),
    });
  } finally {
    log.close();
    await workspace.close();
  }
}

function parseShard(text: string): Shard {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index !== undefined && count !== undefined && index >= 1 && index <= count) return { index, count };
  throw usage(`invalid value ${quote(text)} of --part, expected a shard such as 2/4`);
}

function usage(message: string): QuantsmithError {
  return new QuantsmithError("QS-USAGE", message, {
    remedy: "Run `quantsmith run --executor`, which starts workers.",
  });
}
