import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { emptyCard } from "../../src/checkpoint/base-card.js";
import { frontMatter } from "../../src/report/front-matter.js";
import { findPython, noPython } from "../fixtures/find-python.js";
import { largeReport } from "../fixtures/release-report.js";

const python = await findPython();

/** Prints what huggingface_hub reads from a card on standard input; an invalid model index is an error. */
const program = `
import json, sys
from huggingface_hub import ModelCard
card = ModelCard(sys.stdin.read(), ignore_metadata_errors=False)
data = card.data
print(json.dumps({
    "base": data.base_model, "license": data.license, "tags": data.tags, "library": data.library_name,
    "task": data.pipeline_tag, "text": card.text.strip(), "name": data.model_name,
    "results": [[r.task_type, r.dataset_name, r.metric_type, r.metric_name, r.metric_value] for r in data.eval_results],
    "same": ModelCard(str(card)).data.to_dict() == data.to_dict(),
}))`;

test("Python's huggingface_hub reads the metadata and the metrics of a card", (context) => {
  if (python === undefined) context.skip(noPython);
  const text = `${frontMatter({
    ...{ report: largeReport, baseModel: "org/Example-4B", card: { ...emptyCard, license: "apache-2.0" } },
    ...{ quantizedBy: "me", tags: ["chat"], conversational: true, embedding: false },
    ...{ imatrixFile: "imatrix.gguf", calibrationDatasets: [] },
  })}\n# Title\n`;
  const read = JSON.parse(execFileSync(python ?? "", ["-c", program], { input: text, encoding: "utf8" }));
  expect(read).toMatchObject({
    ...{ base: "org/Example-4B", license: "apache-2.0", library: "gguf", task: "text-generation", same: true },
    ...{ tags: ["gguf", "imatrix", "conversational", "chat"], text: "# Title", name: `${largeReport.model.name} GGUF` },
  });
  const measured = largeReport.variants.filter(({ quality }) => quality !== null);
  expect(read.results).toHaveLength(2 * measured.length);
  const [variant] = measured;
  expect(read.results).toContainEqual([
    ...["text-generation", variant?.quality?.corpus, "kl_divergence", `${variant?.name}: mean KL divergence`],
    Number(variant?.quality?.kldMean.toPrecision(6)),
  ]);
});
