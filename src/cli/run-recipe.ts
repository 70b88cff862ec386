import { waitForRemoval } from "../engine/cache.js";
import { estimatePlan, pastSeconds } from "../engine/estimate-plan.js";
import { EventBus, type EventListener, eventLog, type StepIdentity } from "../engine/events.js";
import { finishRun } from "../engine/finish-run.js";
import { requireReplaceable } from "../engine/install-release.js";
import { releaseOwner } from "../engine/release-owner.js";
import { runPlan } from "../engine/run-plan.js";
import { openWorkspace } from "../engine/workspace.js";
import { onHubWait } from "../hub/hub-waits.js";
import type { Plan } from "../plan/plan.js";
import type { Settings } from "../recipe/settings.js";
import { sourceIdentity } from "../recipe/source-identity.js";
import type { RunReport } from "../release/release-report.js";
import type { PublishHooks } from "../stages/publish/operations.js";
import type { Publication } from "../stages/publish/publish.js";
import { requireVariantsOf } from "../stages/publish/require-variants-of.js";
import type { PublishTarget } from "../stages/publish/target.js";
import type { DigestCache } from "../util/digest-cache.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import type { Warning } from "../util/warnings.js";
import { createRemoteRunner } from "./create-remote-runner.js";
import { lazyTools } from "./lazy-tools.js";
import { computeSentence, describeChoice, type PlanOptions, settingsNotes } from "./prepare-plan.js";
import { isInteractive, note, print, problemLines } from "./print.js";
import type { showResult } from "./show-result.js";
import type { Streaming } from "./streaming.js";
import { strictError } from "./strict.js";
import { describeOperation, isNotable } from "./views/describe-operation.js";
import { plainView } from "./views/plain-view.js";
import { terminalView } from "./views/terminal-view.js";
import { uploadProgress } from "./views/upload-progress.js";
import { warningView } from "./views/warning-view.js";

/** Loaded only for `--publish`, since loading it takes longer than a run of cache hits. */
export const publishing = () => import("../stages/publish/publish.js");

export interface RunRecipeOptions extends PlanOptions {
  threads: number;
  fresh?: boolean;
  verify?: boolean;
  replace?: boolean;
  publish?: boolean;
  executor: string;
  maxCost?: string;
  verbose?: boolean;
  quiet?: boolean;
  json?: boolean;
}

/** A recipe that is ready to run. */
export interface PreparedRun {
  settings: Settings;
  plan: Plan;
  digests: DigestCache;
  /** Only with `--publish`. */
  target?: PublishTarget;
}

export interface RunHooks {
  signal: AbortSignal;
  /** Called with the result before it is published. */
  onResult: (model: string, result: Parameters<typeof showResult>[1]) => Promise<void>;
  /** Gets all events. */
  onEvent?: EventListener;
}

/** The end of a run that was not aborted. */
export interface RunEnd {
  /** All failures; the first decides the exit code. */
  errors: readonly unknown[];
  /** The warnings that `--strict` does not allow, if they ended the run before its first step. */
  refused?: readonly Warning[];
  /** The installed release; null without one. */
  release: string | null;
  /** Folders in the store of the steps that the run used. */
  steps: readonly string[];
  publication?: Publication;
}

/** Runs a plan, installs the release and publishes it if that was asked for and every variant passed. */
export async function runRecipe(
  { settings, plan, digests, target }: PreparedRun,
  options: RunRecipeOptions,
  { signal, onResult, onEvent }: RunHooks,
): Promise<RunEnd> {
  // Notes about the progress; `--quiet` leaves results, warnings and errors.
  const tell = options.quiet === true ? () => undefined : note;
  if (target !== undefined) {
    requireRelease(plan);
    await (await publishing()).requireTargetAllowed(target, plan.report.params.lock, signal);
  }
  const workspace = await openWorkspace(options.out);
  const events = new EventBus();
  const log = eventLog(workspace.runs);
  events.subscribe(log.listener);
  const view = chooseView(options);
  events.subscribe(view.listener);
  if (onEvent !== undefined) events.subscribe(onEvent);

  const warned = warningView(note, view.live);
  events.subscribe(warned.listener);
  const strict = () => (options.strict === true ? strictError(warned.warnings()) : undefined);
  for (const text of settingsNotes(settings)) tell(text);
  tell(computeSentence(plan));
  for (const text of plan.notes) tell(`Note: ${text}.`);
  const started = performance.now();
  const tools = lazyTools(signal);
  let streaming: Streaming | undefined;
  let stopWaits = () => {};
  try {
    await waitForRemoval(workspace, {
      signal,
      onWait: (owner) => tell(`waiting for another process that removes steps: ${owner}`),
    });
    const release = {
      ...{ workspace, name: plan.name, digests, signal },
      owner: await releaseOwner(workspace, { ...settings, source: await sourceIdentity(settings.model.source) }),
      replace: options.replace === true,
      verify: options.verify === true,
      onWait: (owner: string) => tell(`waiting for another run that installs the same release: ${owner}`),
    };
    await requireReplaceable(release, plan, options.fresh === true);
    // The search for warnings of steps that are not built yet is worth its time only if they end the run.
    warned.add(options.strict === true ? (await estimatePlan(plan, workspace)).warnings : plan.warnings);
    const refusal = strict();
    if (refusal !== undefined) {
      warned.release();
      return { errors: [refusal], refused: warned.warnings(), release: null, steps: [] };
    }
    const past = await pastSeconds(plan, workspace, options.fresh === true);
    const remote = await createRemoteRunner(options.executor, settings, {
      ...{ out: workspace.root, pastSeconds: past, signal },
      note: (text, step) =>
        step === undefined ? tell(text) : events.emit({ type: "step-note", id: step, note: text }),
      ...(options.maxCost === undefined ? {} : { maxCost: costLimit(options.maxCost) }),
    });
    if (target !== undefined) {
      const { startStreaming } = await import("./streaming.js");
      streaming = await startStreaming({ stream: settings.publish?.stream === true, target }, plan, events, signal);
    }
    stopWaits = onHubWait((wait) => events.emit({ type: "hub-waiting", ...wait }));
    events.emit({ type: "run-started", recipe: settings.file, out: workspace.root, steps: identities(plan, past) });
    const runOptions = { workspace, events, digests, signal, threads: options.threads, tools };
    const outcome = await runPlan(plan, {
      ...runOptions,
      ...(streaming === undefined ? {} : { onPassed: untilRefused(streaming, strict) }),
      ...(remote === undefined ? {} : { remote }),
      fresh: options.fresh === true,
      verify: options.verify === true,
    });
    const result = await finishRun(plan, outcome, { ...release, refusal: strict() });
    const failed = outcome.steps.filter(({ status }) => status === "failed").length;
    events.emit({ type: "run-finished", seconds: (performance.now() - started) / 1000, failed });
    if (result.movedTo !== undefined) note(`Renamed the previous release folder to ${result.movedTo}`);
    await view.done();
    warned.release();
    const report = { ...result.report, warnings: warned.warnings() };
    const planned = { compute: describeChoice(plan), recipe: settings.file, target: settings.publish?.target };
    await onResult(settings.model.name, { ...result, report, ...planned });
    // The live list has ended and does not show uploads.
    if (view.live) events.subscribe(plainView(note));
    const publication =
      target === undefined ? undefined : await publishComplete(result, target, streaming, { signal, tell });
    return {
      errors: [...result.errors, ...problemsOf(publication)],
      release: report.release,
      steps: [...outcome.records.values()].map(({ fingerprint, key }) => `${fingerprint.stage}-${key}`),
      ...(publication === undefined ? {} : { publication }),
    };
  } finally {
    stopWaits();
    await view.done();
    await streaming?.stop();
    log.close();
    await workspace.close();
  }
}

/** Returns the handler of passed variants, which uploads none after a warning that `--strict` does not allow. */
function untilRefused({ onPassed }: Streaming, refusal: () => unknown): Streaming["onPassed"] {
  return (variant) => {
    if (refusal() === undefined) onPassed(variant);
  };
}

/** Requires that a run that publishes also makes the release. Errors: QS-USAGE. */
function requireRelease({ steps }: Plan): void {
  if (steps.some(({ stage, mode }) => stage === "package" && mode === "build")) return;
  throw new QuantsmithError("QS-USAGE", "--publish needs a run that makes a release", {
    remedy:
      "Run all stages of the pipeline, `package` included, or publish a finished release with `quantsmith publish`.",
  });
}

/** Returns the first error that the verification at the target found, as an error of the run. */
function problemsOf(publication: Publication | undefined): QuantsmithError[] {
  const problem = publication?.verified?.problems.find(({ severity }) => severity === "error");
  if (problem === undefined) return [];
  const message = `${publication?.place} fails its verification: ${problem.message} (${problem.code})`;
  return [new QuantsmithError("QS-PUBLISH-VERIFY", message, { remedy: problem.remedy })];
}

/** Publishes a complete release; the user decides about an incomplete one. */
async function publishComplete(
  { report, errors }: { report: RunReport; errors: readonly unknown[] },
  target: PublishTarget,
  streaming: Streaming | undefined,
  { signal, tell }: { signal: AbortSignal; tell: (line: string) => void },
): Promise<Publication | undefined> {
  if (report.release === null) {
    note("Not published: the run installed no release.");
    return undefined;
  }
  if (errors.length > 0) {
    note("Not published: at least one variant failed. Run `quantsmith publish` to publish the release without it.");
    return undefined;
  }
  await streaming?.finish();
  const onPlan: PublishHooks["onPlan"] = (operations) => {
    for (const operation of operations.filter(isNotable)) note(describeOperation(operation));
  };
  const { publishTo } = await publishing();
  const hooks = { signal, onProgress: uploadProgress(tell), onPlan, onRelease: requireVariantsOf(report) };
  const publication = await publishTo(report.release, target, hooks);
  const { place, hub, dir, verified } = publication;
  note(problemLines(verified?.problems ?? []));
  note((hub ?? dir)?.operations.length === 0 ? `${place} already contains this release` : `Published to ${place}`);
  return publication;
}

/** Returns the live board on a terminal, else lines; nothing with `--quiet`. */
function chooseView({ json, verbose, quiet }: RunRecipeOptions) {
  const lines = { done: async () => undefined, live: false };
  if (quiet === true) return { listener: () => undefined, ...lines };
  if (json !== true && verbose !== true && isInteractive()) return { ...terminalView(), live: true };
  return { listener: plainView(json === true ? note : print), ...lines };
}

function identities(plan: Plan, past: ReadonlyMap<string, number>): StepIdentity[] {
  return plan.steps.map(({ id, stage, variant }) => {
    const expectedSeconds = past.get(id);
    return {
      ...{ id, stage },
      ...(variant === undefined ? {} : { variant }),
      ...(expectedSeconds === undefined ? {} : { expectedSeconds }),
    };
  });
}

function costLimit(given: string): number {
  const limit = Number(given);
  if (Number.isFinite(limit) && limit > 0) return limit;
  throw new QuantsmithError("QS-USAGE", `invalid value ${quote(given)} of --max-cost`, {
    remedy: "Give an amount of US dollars above zero, such as `12.50`.",
  });
}
