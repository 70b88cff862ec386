import { execa } from "execa";
import { findProgram } from "../../src/util/find-program.js";

const needed = ["munged", "mungekey", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol"];
const packages = ["munge", "slurmctld", "slurmd", "slurm-client"];
/** Folders of daemons, which may be missing in PATH. */
const searchPath = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;

/** Returns the paths of Slurm's and munge's programs. Installs Debian's packages if one is missing, which needs root. */
export async function slurmPrograms(): Promise<Record<string, string>> {
  if ((await missing()).length > 0) await install();
  const stillMissing = await missing();
  if (stillMissing.length > 0) throw new Error(`still missing: ${stillMissing.join(", ")}`);
  return Object.fromEntries(
    await Promise.all(needed.map(async (name) => [name, (await findProgram([name], searchPath)) ?? ""] as const)),
  );
}

async function missing(): Promise<string[]> {
  const found = await Promise.all(needed.map((name) => findProgram([name], searchPath)));
  return needed.filter((_, index) => found[index] === undefined);
}

async function install(): Promise<void> {
  const apt = await findProgram(["apt-get"]);
  if (apt === undefined || process.getuid?.() !== 0) {
    throw new Error(`Slurm is missing: run \`apt-get install --no-install-recommends ${packages.join(" ")}\` as root`);
  }
  console.log(`installing ${packages.join(", ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const get = () => execa(apt, ["install", "--yes", "--no-install-recommends", ...packages], { env });
  // Package lists may be outdated or missing.
  await get().catch(async () => {
    await execa(apt, ["update"], { env });
    await get();
  });
}
