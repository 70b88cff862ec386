import { EventBus, eventFile } from "../../engine/events.js";
import { openWorkspace } from "../../engine/workspace.js";
import { jobPaths } from "../../remote/job-file.js";
import { runJob } from "../../remote/run-job.js";
import type { Shard } from "../../stages/stage.js";
import { DigestCache } from "../../util/digest-cache.js";
import { QuantsmithError } from "../../util/errors.js";
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

/** `quantsmith worker`: what an executor runs; see `runJob`. Its events go into the store, and as lines to the log. */
export async function worker(key: string, options: WorkerCommandOptions): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(key)) throw usage(`${key} is no key of a step`);
  const shard = options.part === undefined ? undefined : parseShard(options.part);
  const threads = workerThreads(options.threads);
  const workspace = await openWorkspace(options.out, options.scratch);
  const signal = interruptSignal();
  const events = new EventBus();
  const log = eventFile(jobPaths(workspace, key, shard?.index).events);
  events.subscribe(log.listener);
  events.subscribe(plainView(print));
  try {
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
  throw usage(`--part ${text} is no part such as 2/4`);
}

function usage(message: string): QuantsmithError {
  return new QuantsmithError("QS-USAGE", message, {
    remedy: "Workers are started by `quantsmith run --executor`; there is no need to start one by hand.",
  });
}
