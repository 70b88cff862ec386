import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readGguf } from "../../src/gguf/read-header.js";
import { type HardwareCompatibility, hardwareCompatibility } from "../../src/hardware/compatibility.js";
import type { RunReport } from "../../src/release/release-report.js";
import type { AllocationReport } from "../../src/stages/allocate/allocate-variant.js";
import { sha256File } from "../../src/util/sha256.js";
import { briefRecipe, demoCopy, put, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/*
 * Variants of the bundled model for very small devices, with real tools and the real allocator. The devices are synthetic.
 * Their budgets are derived from the allocator's result for the largest file. The tests share one store and depend on
 * their order.
 */
const home = temporaryFolder();
const out = join(home, "out");
const release = join(out, "releases", "demo");
const catalog = join(home, "devices.yaml");
const context = 512;
const reserve = 1_000_000;
const fast = ["F32", "Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "MXFP4"];
let recipe: string;
let largest: Record<"phone" | "card", { fileBytes: number; neededBytes: number }>;
let budgets: Record<"phone" | "card", number>;
let report: RunReport;

const figure = (value: number) => `{ value: ${value}, basis: estimate, source: nobody, note: made up }`;
const device = (id: string, kind: string, memory: string, backend: string, budget: number, bandwidth = "null") => `
  - id: ${id}
    name: ${id}
    class: ${kind}
    chip: none
    year: null
    memory: { kind: ${memory}, cards: 1, bytes: ${figure(10 ** 10)} }
    budget: ${figure(budget)}
    bandwidth: ${bandwidth}
    backends: [${backend}]
    power: null
`;
/** The synthetic devices with these budgets in bytes; no variant uses the bystander's. */
function writeCatalog(phone: number, card: number, bystander = 10 ** 9): void {
  const devices = [
    device("phone", "phone", "unified", "cpu-arm", phone),
    device("card", "gpu", "discrete", "cuda", card),
    device("bystander", "phone", "unified", "cpu-arm", bystander),
  ];
  const sources = "sources: [{ id: nobody, title: Synthetic for this test, url: null, kind: discussion }]";
  put(catalog, `version: 1\n${sources}\ndevices:${devices.join("")}`);
}
function writeRecipe(...variants: string[]): void {
  const more = "catalog: ./devices.yaml\ndevices: [phone, bystander, card, rtx-3090]\n";
  writeFileSync(recipe, briefRecipe.replace("[Q8_0]", `[${variants.join(", ")}]`) + more);
}
const phoneVariant = `{ name: Q5_K_M, dynamic: { device: phone, context: ${context} } }`;
const cardVariant = `{ name: Q3_K_M, dynamic: { device: card, context: ${context}, reserve: ${reserve} } }`;
const run = (...more: string[]) => quantsmith(["run", recipe, "--out", out, "--json", ...more]);
const readJson = <T>(...path: string[]) => JSON.parse(readFileSync(join(...path), "utf8")) as T;
const allocations = () =>
  readdirSync(join(out, "store"))
    .filter((folder) => readdirSync(join(out, "store", folder)).includes("allocation.json"))
    .map((folder) => readJson<AllocationReport>(out, "store", folder, "allocation.json"));
const allocationFor = (id: string, budget: number) => {
  const found = allocations().find(
    (one) => one.budget.kind === "device" && one.budget.device.id === id && one.budget.device.budget.value === budget,
  );
  if (found?.device === undefined) throw new Error(`no types were allocated for ${id} with ${budget} bytes`);
  return { ...found, device: found.device };
};
const variant = (name: string) => {
  const found = report.variants.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${name} was not built`);
  return found;
};

beforeAll(async () => {
  recipe = demoCopy(home);
  writeCatalog(10 ** 9, 10 ** 9);
  writeRecipe(phoneVariant, cardVariant);
  const first = await run("--until", "allocate");
  expect(first.exitCode, first.stderr).toBe(0);
  const largestOn = (id: string) => {
    const { fileBytes, device: proof } = allocationFor(id, 10 ** 9);
    return { fileBytes, neededBytes: proof.neededBytes };
  };
  largest = { phone: largestOn("phone"), card: largestOn("card") };
  const less = ({ fileBytes, neededBytes }: typeof largest.phone, share: number) =>
    Math.round(neededBytes - (1 - share) * fileBytes);
  budgets = { phone: less(largest.phone, 0.65), card: less(largest.card, 0.45) + reserve };
  writeCatalog(budgets.phone, budgets.card);
  const result = await run();
  expect(result.exitCode, `${result.stdout}${result.stderr}`).toBe(0);
  report = JSON.parse(result.stdout) as RunReport;
});

describe("a device with more than enough memory", () => {
  test("gets the finest available types, and no more", () => {
    for (const id of ["phone", "card"] as const) {
      const { device: proof, types, fileBytes } = allocationFor(id, 10 ** 9);
      expect(proof.capped).toBe(true);
      expect(new Set(Object.values(types))).toEqual(new Set(["Q8_0"]));
      expect(fileBytes).toBe(largest[id].fileBytes);
    }
  });
});

describe.each([
  ["Q5_K_M", "phone", 0],
  ["Q3_K_M", "card", reserve],
] as const)("%s, made for the %s", (name, id, kept) => {
  test("fills the budget minus the reserve", () => {
    const { device: proof, fileBytes } = allocationFor(id, budgets[id]);
    expect(proof).toMatchObject({ capped: false, budgetBytes: budgets[id] - kept });
    expect(proof.neededBytes).toBeLessThanOrEqual(proof.budgetBytes);
    expect(proof.budgetBytes - proof.neededBytes).toBeLessThan(0.01 * fileBytes);
    expect(variant(name).bytes).toBe(fileBytes);
    expect(variant(name).bytes).toBeLessThan(0.7 * largest[id].fileBytes);
  });

  test("`fit` reports that the finished file fits, and a larger one does not", async () => {
    const file = join(release, variant(name).file);
    const args = ["fit", file, "--catalog", catalog, "--device", id, "--context", String(context), "--json"];
    const { stdout } = await quantsmith(args);
    const [result] = (JSON.parse(stdout) as Pick<HardwareCompatibility, "results">).results;
    expect(result).toMatchObject({ verdict: "full", device: id, context });
    expect(largest[id].neededBytes).toBeGreaterThan(budgets[id]);
  });

  test("is predicted by the plan", async () => {
    const { stdout } = await quantsmith(["plan", recipe, "--out", join(home, "elsewhere"), "--json"]);
    const { steps } = JSON.parse(stdout) as { steps: { id: string; predictedBytes: number }[] };
    const predicted = steps.find((step) => step.id === `quantize:${name}`)?.predictedBytes ?? 0;
    expect(predicted).toBeGreaterThanOrEqual(variant(name).bytes);
    expect(predicted).toBeLessThan(3 * largest[id].fileBytes);
  });
});

test("a phone's variant contains only types that are fast there, a GPU's the finest of all", async () => {
  const phone = await readGguf(join(release, variant("Q5_K_M").file));
  expect(phone.tensors.map(({ type }) => type.name).filter((type) => !fast.includes(type))).toEqual([]);
  const card = await readGguf(join(release, variant("Q3_K_M").file));
  expect(card.tensors.some(({ type }) => !fast.includes(type.name))).toBe(true);
});

describe("hardware-compatibility.json", () => {
  test("matches its schema and release.json", async () => {
    const file = hardwareCompatibility.parse(readJson(release, "hardware-compatibility.json"));
    const { variants } = readJson<RunReport>(release, "release.json");
    expect(file.variants.map(({ memory: _, kldMean, ...one }) => ({ ...one, kldMean }))).toEqual(
      variants.map(({ name, file: path, bytes, bitsPerWeight, types, quality }) => ({
        ...{ name, file: path, bytes, bitsPerWeight, types },
        kldMean: quality?.kldMean,
      })),
    );
    expect(file.model).toBe("tiny-llama");
    const sums = readFileSync(join(release, "SHA256SUMS"), "utf8");
    expect(sums).toContain(
      `${await sha256File(join(release, "hardware-compatibility.json"))}  hardware-compatibility.json`,
    );
  });

  test("has every variant on every device of the recipe, at the trained context and at a variant's target context", () => {
    const { results, devices, recommended, variants, sources } = readJson<HardwareCompatibility>(
      release,
      "hardware-compatibility.json",
    );
    expect(devices.map(({ id }) => id)).toEqual(["phone", "bystander", "card", "rtx-3090"]);
    const trained = Math.max(...results.map((one) => one.context));
    expect(trained).toBeGreaterThan(context);
    const all = devices.flatMap(({ id }) =>
      variants.flatMap(({ name }) =>
        (id === "phone" || id === "card" ? [context, trained] : [trained]).map((at) => `${name} on ${id} at ${at}`),
      ),
    );
    expect(results.map((one) => `${one.variant} on ${one.device} at ${one.context}`)).toEqual(all);
    // The phone's variant is built for 512 tokens and does not fit at the trained context.
    expect(
      results.filter((one) => one.device === "phone" && one.variant === "Q5_K_M").map((one) => one.verdict === "no"),
    ).toEqual([false, true]);
    expect(recommended.map(({ device: id, variant: name }) => [id, name])).toEqual([
      ["phone", "Q5_K_M"],
      ["bystander", "Q5_K_M"],
      ["card", expect.any(String)],
      ["rtx-3090", "Q5_K_M"],
    ]);
    expect(sources.map(({ id }) => id)).toContain("nobody");
  });

  test("agrees with the card and the page", () => {
    const card = readFileSync(join(release, "README.md"), "utf8");
    expect(card).toMatch(/## Which file for which device\n\n\| Device \| Take \|/);
    expect(card).toMatch(/\| bystander \| \[Q5_K_M\]\(\.\/tiny-llama-Q5_K_M\.gguf\) \| [\d.]+ MB \|/);
    expect(card).toMatch(
      /<summary>All devices at \d+ tokens of context<\/summary>\n\n\| Device \| Q5_K_M \| Q3_K_M \|/,
    );
    const page = readFileSync(join(release, "report.html"), "utf8");
    expect(page).toContain("<h2>Which file for which device</h2>");
    expect(page).toContain('<th scope="row">bystander</th><td>Q5_K_M</td>');
  });
});

describe("a change of a device's figures", () => {
  const stale = async () => {
    const { stdout } = await quantsmith(["plan", recipe, "--out", out, "--json"]);
    const { steps } = JSON.parse(stdout) as { steps: { id: string; status: string }[] };
    return steps.filter(({ status }) => status !== "cached").map(({ id }) => id);
  };

  test("rebuilds nothing without a change", async () => {
    expect(await stale()).toEqual([]);
  });

  test("rebuilds only the package if no variant is built for the device", async () => {
    writeCatalog(budgets.phone, budgets.card, 2 * 10 ** 9);
    expect(await stale()).toEqual(["package"]);
  });

  test("rebuilds only the variant that the device limits", async () => {
    writeCatalog(budgets.phone - 1000, budgets.card);
    const ids = await stale();
    expect(ids).toContain("allocate:Q5_K_M");
    expect(ids.filter((id) => !id.includes("Q5_K_M"))).toEqual(["package"]);
  });
});

describe("impossible budgets are rejected", () => {
  const refusal = async (variants: string, ...more: string[]) => {
    writeRecipe(variants);
    const { stdout, exitCode } = await run("--until", "allocate", ...more);
    const { error } = JSON.parse(stdout) as {
      error: { code: string; message: string; remedy: string; at?: { line: number } };
    };
    return { exitCode, ...error };
  };

  test("a context that leaves no room, with a context that fits", async () => {
    writeCatalog(budgets.phone, budgets.card);
    const error = await refusal("{ name: Q5_K_M, dynamic: { device: card, context: 2048, reserve: 2 MB } }");
    expect(error).toMatchObject({ code: "QS-ALLOCATE-DEVICE", exitCode: 2 });
    expect(error.message).toMatch(
      /^the model does not fit device "card" with 2048 tokens of context: .* needs [\d.]+ MB of memory/,
    );
    expect(error.message).toContain("minus 2.00 MB of reserve");
    expect(error.remedy).toMatch(/at most \d+ tokens|a device with a budget of/);
  });

  test("types that are all slow on the device, at their line", async () => {
    const error = await refusal("{ name: Q3_K_M, dynamic: { device: phone, types: [Q2_K, Q3_K] } }");
    expect(error).toMatchObject({ code: "QS-ALLOCATE-TYPES", exitCode: 2, at: { line: 7 } });
    expect(error.remedy).toContain("Q4_K");
  });
});
