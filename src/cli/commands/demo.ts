import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { QuantsmithError } from "../../util/errors.js";
import { packageRoot } from "../../util/package-root.js";
import { quote } from "../../util/quote.js";
import { run } from "./run.js";

export interface DemoOptions {
  out: string;
  threads?: string;
  fresh?: boolean;
  replace?: boolean;
  verbose?: boolean;
  quiet?: boolean;
  json?: boolean;
}

/** `quantsmith demo`: runs the bundled demo recipe with output in the current folder. Errors: QS-USAGE, those of `run`. */
export async function demo(options: DemoOptions): Promise<void> {
  await requireOutsidePackage(options.out);
  const recipe = fileURLToPath(new URL("recipes/demo/demo.yaml", packageRoot));
  await run([recipe], { ...options, executor: "local" });
}

/** Rejects an output folder in the installed package, since updates delete it; a checkout may contain `artifacts/`. */
async function requireOutsidePackage(out: string): Promise<void> {
  const installed = resolve(fileURLToPath(packageRoot));
  if (basename(dirname(installed)) !== "node_modules") return;
  if (!`${await realFolder(resolve(out))}/`.startsWith(`${installed}/`)) return;
  throw new QuantsmithError(
    "QS-USAGE",
    `the output folder ${quote(out)} is inside the installed package ${installed}`,
    {
      remedy: "Run the command in another folder, or set one with `--out`.",
    },
  );
}

/** Returns the real path of a folder that may not exist yet. */
async function realFolder(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined || dirname(path) === path) return real ?? path;
  return join(await realFolder(dirname(path)), basename(path));
}
