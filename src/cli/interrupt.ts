import { QuantsmithError } from "../util/errors.js";

let shared: AbortSignal | undefined;

/**
 * Returns the process's signal that fires on SIGINT, SIGTERM or SIGHUP. The run then ends its children and stops in order; a
 * second signal exits at once, which is also safe, even while a file operation hangs.
 */
export function interruptSignal(): AbortSignal {
  shared ??= listen();
  return shared;
}

function listen(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) exitNow(name);
      controller.abort(
        new QuantsmithError("QS-INTERRUPTED", `interrupted by ${name}`, {
          remedy: "Run the same command again to continue from the finished steps.",
        }),
      );
    });
  }
  return controller.signal;
}

/** Exits by the signal itself, since Node's own exit waits for file operations, as on a network disk that is gone. */
function exitNow(name: NodeJS.Signals): never {
  process.removeAllListeners(name);
  process.on("exit", () => process.kill(process.pid, name));
  process.exit(130);
}
