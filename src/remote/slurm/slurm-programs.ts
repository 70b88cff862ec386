import pRetry from "p-retry";
import { QuantsmithError } from "../../util/errors.js";
import { findProgram } from "../../util/find-program.js";
import { runSubprocess, type SubprocessResult } from "../../util/subprocess.js";

/** Error text of Slurm's programs while the controller, its answer or the key service is unavailable. */
const unreachable =
  /unable to contact slurm controller|connection refused|connect failure|timed out|zero bytes were transmitted|communication connection failure|in standby mode|authentication error|temporarily unable|resource temporarily unavailable|unable to establish control/i;

const firstWaitMs = 1000;
const maxWaitMs = 30_000;
/** A call may hang while nothing answers. */
const commandLimitMs = 60_000;

export interface CallOptions {
  input?: string;
  /** How long to wait for a controller that does not respond, in milliseconds. */
  retryTimeoutMs?: number;
  /** Called before an unanswered call is repeated; a returned value ends the retries and is the call's result. */
  beforeRetry?: () => Promise<string | undefined>;
  /** Aborts the call; by default the run's signal. */
  signal?: AbortSignal;
}

/**
 * Long enough for a restart of the controller. A caller that waits longer calls again, so that other runs have a turn.
 */
const defaultRetryTimeoutMs = 120_000;

/** Calls Slurm's programs, with retries while the controller is unavailable. */
export class SlurmPrograms {
  readonly #files = new Map<string, string>();
  /** Whether the controller left the last call unanswered; then the user has been notified. */
  #unreachable = false;

  constructor(
    private readonly cwd: string,
    private readonly signal: AbortSignal,
    private readonly note: (text: string) => void,
  ) {}

  /**
   * Returns the standard output of a successful call. Errors: QS-SLURM-MISSING; QS-SLURM-CONTROLLER after the last
   * retry; QS-SLURM-REFUSED with Slurm's message for everything else.
   */
  async call(program: string, args: readonly string[], options: CallOptions = {}): Promise<string> {
    const { input, retryTimeoutMs = defaultRetryTimeoutMs, beforeRetry, signal = this.signal } = options;
    const file = await this.#find(program);
    const command = { use: "slurm" as const, file, args, cwd: this.cwd, signal, timeoutMs: commandLimitMs };
    const attempt = async (number: number) => {
      const known = number === 1 ? undefined : await beforeRetry?.();
      if (known !== undefined) return known;
      const result = await runSubprocess({ ...command, ...(input === undefined ? {} : { input }) });
      if (result.exitCode !== 0) {
        throw result.timedOut || unreachable.test(result.stderr) ? new Unanswered(result) : refused(program, result);
      }
      if (this.#unreachable) this.note("Slurm's controller responds again");
      this.#unreachable = false;
      return result.stdout;
    };
    try {
      return await pRetry(attempt, {
        ...{ retries: Number.POSITIVE_INFINITY, maxRetryTime: retryTimeoutMs, signal },
        ...{ minTimeout: firstWaitMs, maxTimeout: maxWaitMs },
        shouldRetry: ({ error }) => {
          if (!(error instanceof Unanswered)) return false;
          if (!this.#unreachable) this.note("Slurm's controller does not respond; running jobs continue; trying again");
          this.#unreachable = true;
          return true;
        },
      });
    } catch (error) {
      throw error instanceof Unanswered ? controllerUnreachable(error.result) : error;
    }
  }

  async #find(program: string): Promise<string> {
    const file = this.#files.get(program) ?? (await findProgram([program]));
    if (file === undefined) {
      throw new QuantsmithError("QS-SLURM-MISSING", `${program} is not on the PATH`, {
        remedy: "Run on a machine that can submit Slurm jobs, or without `--executor slurm`.",
      });
    }
    this.#files.set(program, file);
    return file;
  }
}

/** A call that the controller left without an answer. */
class Unanswered extends Error {
  constructor(readonly result: SubprocessResult) {
    super();
  }
}

function refused(program: string, { tail, stderr, exitCode, signal }: SubprocessResult): QuantsmithError {
  if (/could not establish a configuration source/i.test(stderr)) {
    return new QuantsmithError("QS-SLURM-MISSING", `${program} is installed, but not configured for a cluster`, {
      remedy: "Run on a machine that can submit Slurm jobs, or without `--executor slurm`.",
      output: tail,
    });
  }
  const how = exitCode === undefined ? `was killed by ${signal ?? "the system"}` : `exited with code ${exitCode}`;
  return new QuantsmithError("QS-SLURM-REFUSED", `Slurm refused the request: ${program} ${how}`, {
    remedy: "Change `executors: { slurm: … }` to what the cluster allows. Run `sinfo --long` to list its partitions.",
    output: tail,
  });
}

function controllerUnreachable({ tail }: SubprocessResult): QuantsmithError {
  return new QuantsmithError("QS-SLURM-CONTROLLER", "Slurm's controller does not respond", {
    remedy: "Run the same command again when `squeue` responds. Running jobs continue; their results are kept.",
    output: tail,
  });
}
