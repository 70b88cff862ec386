import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { QuantsmithError } from "../../util/errors.js";
import { packageRoot } from "../../util/package-root.js";
import { run } from "./run.js";

export interface DemoOptions {
  out: string;
  threads?: string;
  fresh?: boolean;
  json?: boolean;
}

/** `quantsmith demo`: runs the bundled demo recipe, with the output in the caller's folder. Errors: QS-USAGE, those of `run`. */
export async function demo(options: DemoOptions): Promise<void> {
  await requireOutsidePackage(options.out);
  const recipe = fileURLToPath(new URL("recipes/demo/demo.yaml", packageRoot));
  await run(recipe, { ...options, executor: "local" });
}

/** An update or a removal of an installed package deletes its folder; in a checkout, `artifacts/` is part of the layout. */
async function requireOutsidePackage(out: string): Promise<void> {
  const installed = resolve(fileURLToPath(packageRoot));
  if (basename(dirname(installed)) !== "node_modules") return;
  if (!`${await realFolder(resolve(out))}/`.startsWith(`${installed}/`)) return;
  throw new QuantsmithError("QS-USAGE", `the output folder "${out}" is inside the installed package ${installed}`, {
    remedy: "Run the command in another folder, or name one with `--out`.",
  });
}

/** The real path of a folder that may not exist yet. */
async function realFolder(path: string): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined || dirname(path) === path) return real ?? path;
  return join(await realFolder(dirname(path)), basename(path));
}
