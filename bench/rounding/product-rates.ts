import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describePython } from "../../src/llamacpp/python/python-env.js";
import { findBuildPrograms } from "../../src/llamacpp/toolchain/build-programs.js";
import { compileTool, unpackSource } from "../../src/llamacpp/toolchain/compile.js";
import { findPinnedPackage } from "../../src/llamacpp/toolchain/pinned-package.js";
import { runSubprocess } from "../../src/util/subprocess.js";

const signal = new AbortController().signal;

/** Returns GFLOP/s of llama-round's products on one core. `folder` must exist. */
export async function productRate(folder: string): Promise<number> {
  const [pinned, programs] = [await findPinnedPackage(), await findBuildPrograms()];
  if ("missing" in programs) throw new Error(`a compiler is missing: ${programs.missing.join(", ")}`);
  for (const name of await readdir(pinned.libraries)) {
    if (!/\.(node|json)$/.test(name)) await copyFile(join(pinned.libraries, name), join(folder, name));
  }
  const checkout = join(folder, "checkout");
  await unpackSource(pinned.bundle, checkout, programs.git, signal);
  const native = fileURLToPath(new URL("products.cpp", import.meta.url));
  await compileTool({ name: "products", source: { native }, checkout, bin: folder, programs, signal });
  const { stdout } = await runSubprocess({ file: join(folder, "products"), args: [], cwd: folder });
  return Number(stdout);
}

const sgemm = `
import time, numpy
a = numpy.ones((2048, 2048), numpy.float32)
best = 0
for _ in range(5):
    start = time.perf_counter()
    a @ a
    best = max(best, 2 * 2048 ** 3 / (time.perf_counter() - start))
print(best / 1e9)
`;

/** Returns GFLOP/s of numpy's sgemm on one core; undefined without the converter's Python environment. */
export async function sgemmRate(folder: string): Promise<number | undefined> {
  const { path, ready } = await describePython();
  if (path === null || !ready) return undefined;
  const env = { OPENBLAS_NUM_THREADS: "1" };
  const { stdout, exitCode } = await runSubprocess({ file: path, args: ["-c", sgemm], cwd: folder, env });
  return exitCode === 0 ? Number(stdout) : undefined;
}
