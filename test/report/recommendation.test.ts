import { expect, test } from "vitest";
import { estimateFit } from "../../src/hardware/fit/estimate-fit.js";
import { type RecommendationFacts, renderRecommendation } from "../../src/report/recommendation.js";
import { taskNames, tasks } from "../../src/report/recommendation-tasks.js";
import { MB, someBackends, someDevice, someModel } from "../fixtures/fit-models.js";

function facts(budgetMB: number): RecommendationFacts {
  const device = someDevice({ class: "phone", budget: budgetMB * MB, backends: ["metal"] });
  const question = { variant: "Q4_K_M", model: someModel(), device, backends: someBackends, context: 1024 };
  const retention = { low: 0.384, high: 0.5, basis: "measured", source: "test" } as const;
  const fit = { ...estimateFit({ ...question, kvType: "f16" }), sustained: retention };
  const row = { model: "A|B", variant: "Q4_K_M", file: "AB-Q4_K_M.gguf", bytes: 1.1e9, kldMean: 0.0121, fit };
  const runs = fit.verdict !== "no";
  const { system, prompt } = tasks.chat;
  const { flags, layers } = fit;
  const snippet = {
    ...{ repo: null, file: row.file, tag: "Q4_K_M", projector: null, context: 1024, kvType: "f16" },
  } as const;
  return {
    ...{ device, task: "chat", context: 1024, kvType: "f16", variants: [row], endurance: null, notes: ["a note."] },
    pick: runs ? row : null,
    reason: runs ? "it is the only one" : "none fits",
    snippet: runs ? { ...snippet, kvType: "f16", flags, layers, system, prompt } : null,
    sources: [
      { id: "a", title: "A source", url: "https://example.org/a" },
      { id: "b", title: "A talk", url: null },
    ],
  };
}

test("the recommendation contains comparison, pick, run snippets and sources", () => {
  const text = renderRecommendation(facts(2000));
  expect(text).toContain(
    "| A\\|B | **Q4_K_M** | 1.10 GB | 1.32 GB | 7680 | full offload | – | 38–50 % left | 0.0121 |",
  );
  expect(text).toContain("**AB-Q4_K_M.gguf**: it is the only one.");
  expect(text).toContain("> a note.");
  expect(text).toContain("### Swift");
  expect(text).toContain("- [A source](https://example.org/a)\n- A talk");
  expect(text).toContain("Device has not been measured under load.");
});

test("names cannot inject Markdown", () => {
  const given = facts(2000);
  const [row] = given.variants;
  if (row === undefined) throw new Error("no row");
  const nasty = { ...row, model: "a\n# b <img>", file: "x`\n## y" };
  const device = { ...given.device, name: "[d](javascript:x)" };
  const sources = [{ id: "a", title: "t", url: "javascript:alert(1)" }];
  const text = renderRecommendation({ ...given, device, variants: [nasty], pick: nasty, sources });
  expect(text).not.toMatch(/^#+ [by]/m);
  expect(text).not.toMatch(/(?<!\\)(<img|\]\(javascript)/);
  expect(text).toContain("- t\n");
});

test("budget and memory have the same unit", () => {
  expect(renderRecommendation(facts(2000))).toContain("budget for one model is 2.00 GB of 4.00 GB");
});

test("a variant that does not run shows the largest possible context; a capped context is shown", () => {
  const device = someDevice({ class: "phone", budget: 1250 * MB });
  const question = { variant: "Q4_K_M", model: someModel(), device, backends: someBackends, kvType: "f16" } as const;
  const given = facts(2000);
  const [row] = given.variants;
  if (row === undefined) throw new Error("no row");
  const no = { ...row, fit: estimateFit({ ...question, context: 1024 }) };
  expect(renderRecommendation({ ...given, variants: [no] })).toMatch(/\| runs at \d+ \| no \(os\) \|/);
  const capped = renderRecommendation({ ...given, context: 4096 });
  expect(capped).toContain("| 7680 | full offload at 1024 |");
  expect(capped).toContain("at 4096 tokens of context (capped at 1024, the trained context of the model)");
});

test("without a pick there are no run snippets", () => {
  const text = renderRecommendation(facts(500));
  expect(text).toContain("No recommendation: none fits.");
  expect(text).not.toContain("## Run it");
});

test("every task has a context and an example", () => {
  expect(taskNames).toEqual(expect.arrayContaining(["chat", "summarize", "code", "extract", "translate"]));
  for (const name of taskNames) {
    expect(tasks[name].context % 256).toBe(0);
    expect(tasks[name].prompt.length).toBeGreaterThan(10);
  }
});
