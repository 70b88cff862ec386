import { QuantsmithError } from "../util/errors.js";

/**
 * A signal that fires on Ctrl-C or a polite kill. The run then ends its children and stops in order; a second Ctrl-C
 * ends at once, which is safe too.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(
        new QuantsmithError("QS-INTERRUPTED", `interrupted by ${name}`, {
          remedy: "Run the same command again; it continues from the finished steps.",
        }),
      );
    });
  }
  return controller.signal;
}
