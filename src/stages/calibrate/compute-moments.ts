import { link } from "node:fs/promises";
import { join } from "node:path";
import type { GgufValue } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import { readImatrix } from "../../gguf/read-imatrix.js";
import { tryReadGguf } from "../../gguf/try-read-gguf.js";
import { writeGguf } from "../../gguf/write-gguf.js";
import type { ImatrixOptions } from "../../llamacpp/imatrix.js";
import { computeMoments } from "../../llamacpp/moments.js";
import { writeFileAtomic } from "../../util/files.js";
import { readRegular } from "../../util/regular-file.js";
import type { StageContext } from "../stage.js";
import { linkPartial } from "../step-files.js";
import type { MomentsPlan } from "./plan-moments.js";

export interface MomentsRun {
  /** Number of computed chunks. */
  chunks: number;
  commands: string[][];
  peakMemoryBytes: number;
}

/**
 * Computes `imatrix.gguf` and `moments.gguf` in the passes of the plan. A killed run resumes within its pass. Errors: see
 * `computeMoments` in llamacpp/moments.ts.
 */
export async function computeMomentsInPasses(
  options: Omit<ImatrixOptions, "out">,
  { passes, sharedExperts }: MomentsPlan,
  context: StageContext,
): Promise<MomentsRun> {
  const kept = await linkPartial(context);
  const momentsFile = (pass: number) => `${kept}/moments-${pass}.gguf`;
  const inWork = (name: string) => join(context.work, name);
  const commands: string[][] = [];
  let peakMemoryBytes = 0;
  const files = passes.map((_pass, i) => momentsFile(i));
  for (const [i, { layers, output }] of passes.entries()) {
    const moments = momentsFile(i);
    const commandFile = inWork(`${kept}/moments-${i}.json`);
    const before = await readCommand(commandFile);
    if (before !== undefined && typeof (await tryReadGguf(inWork(moments))) !== "string") {
      commands.push(before);
      continue;
    }
    const run = await computeMoments({
      ...options,
      ...{ layers, output, sharedExperts, moments, state: `${kept}/moments-${i}.state` },
      // All passes compute the same imatrix.
      out: i === 0 ? `${kept}/imatrix.gguf` : "imatrix-again.gguf",
      onProgress: ({ done, total, unit }) =>
        context.progress({ done: i * total + done, total: passes.length * total, unit }),
    });
    // Its presence means that the pass is finished.
    await writeFileAtomic(commandFile, JSON.stringify(run.argv));
    commands.push(run.argv);
    peakMemoryBytes = Math.max(peakMemoryBytes, run.peakMemoryBytes);
  }
  const imatrix = join(context.out, "imatrix.gguf");
  await link(inWork(`${kept}/imatrix.gguf`), imatrix);
  await joinMoments(files.map(inWork), join(context.out, "moments.gguf"));
  return { chunks: (await readImatrix(imatrix)).chunks, commands, peakMemoryBytes };
}

/** Returns the command of a pass that an interrupted run finished; undefined without it. */
async function readCommand(path: string): Promise<string[] | undefined> {
  try {
    return JSON.parse(String(await readRegular(path))) as string[];
  } catch {
    return undefined;
  }
}

/**
 * Writes the moments of all passes to one file, in the order of a single pass, so that it does not depend on the memory of
 * the machine. See native/moments.cpp for the format.
 */
export async function joinMoments(paths: readonly string[], out: string): Promise<void> {
  const [only, ...others] = paths;
  if (only !== undefined && others.length === 0) return link(only, out);
  const files = await Promise.all(paths.map((path) => readGguf(path)));
  const rows = files.flatMap(({ metadata }) => {
    const [weights, inputs] = ["moments.weights", "moments.inputs"].map((key) => stringsOf(metadata.get(key)));
    return (weights ?? []).map((weight, i) => ({ weight, input: inputs?.[i] ?? "" }));
  });
  rows.sort((a, b) => compare(a.weight, b.weight));
  const metadata = new Map<string, GgufValue>(files[0]?.metadata);
  metadata.set("moments.weights", strings(rows.map(({ weight }) => weight)));
  metadata.set("moments.inputs", strings(rows.map(({ input }) => input)));
  const tensors = files.flatMap((file) =>
    file.tensors.map((tensor) => ({ ...tensor, data: { path: file.path, offset: tensor.offset } })),
  );
  const [own, kind] = [/\.[^.]+$/, /[^.]+$/];
  tensors.sort(
    (a, b) =>
      compare(a.name.replace(own, ""), b.name.replace(own, "")) ||
      compare(kind.exec(a.name)?.[0] ?? "", kind.exec(b.name)?.[0] ?? ""),
  );
  await writeGguf(out, { metadata, tensors });
}

const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function strings(items: readonly string[]): GgufValue {
  return { type: "array", itemType: "string", items };
}

function stringsOf(value: GgufValue | undefined): string[] {
  return value?.type === "array" ? value.items.map(String) : [];
}
