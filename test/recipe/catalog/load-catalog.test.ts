import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "../../../src/recipe/catalog/load-catalog.js";
import { packageRoot } from "../../../src/util/package-root.js";
import { failure, placeOf, problems, temporaryFolder, writeMarked } from "../bad-file.js";

const folder = temporaryFolder();

const source = "sources: [{ id: me, title: I ran it, url: null, kind: measurement }]";
const memory = "memory: { kind: unified, cards: 1, bytes: { value: 16 GiB, basis: measured, source: me } }";
const budget = "budget: { value: 9.5 GB, basis: measured, source: me }";
const bandwidth = "bandwidth: { value: 51.2 GB/s, basis: measured, source: me }";

/** Returns a catalog file with one device; `lines` replace or remove its lines by key. */
function file(lines: Record<string, string> = {}, id = "my-box", sources = source): string {
  const own = {
    name: "name: My box",
    class: "class: cpu",
    chip: "chip: some chip",
    year: "year: 2026",
    memory,
    budget,
    bandwidth,
    backends: "backends: [cpu-x86]",
    power: "power: null",
    ...lines,
  };
  const device = Object.values(own).filter((line) => line !== "");
  return `version: 1\n${sources}\ndevices:\n  - id: ${id}\n${device.map((line) => `    ${line}\n`).join("")}`;
}

const write = (text: string, name = "mine.yaml") => writeMarked(folder, name, text);

describe("a user catalog", () => {
  test("adds a device; parses units, and omitted figures are unknown", async () => {
    const catalog = await loadCatalog([write(file()).path]);
    expect(catalog.devices.get("my-box")).toMatchObject({
      memory: { bytes: { value: 16 * 2 ** 30 } },
      budget: { value: 9.5e9 },
      bandwidth: { value: 51.2e9 },
      sustained: { retention: null, minutes: null, energyPerToken: null, batteryPer1kTokens: null },
    });
    expect(catalog.sources.get("me")?.title).toBe("I ran it");
    expect(catalog.devices.has("rtx-3090")).toBe(true);
  });

  test("replaces a device as a whole; the later of two files takes precedence", async () => {
    const first = write(file({ name: "name: First" }, "rtx-3090"), "first.yaml").path;
    const second = write(file({ name: "name: Second" }, "rtx-3090"), "second.yaml").path;
    const { devices } = await loadCatalog([first, second]);
    expect(devices.get("rtx-3090")).toMatchObject({ name: "Second", class: "cpu", power: null });
    expect(devices.size).toBe((await loadCatalog()).devices.size);
  });

  test("replaces a backend", async () => {
    const backend = "backends: [{ id: metal, name: Metal, fast: [Q8_0], slow: [], unsupported: [Q4_K], source: me }]";
    const { backends } = await loadCatalog([write(`version: 1\n${source}\n${backend}\n`).path]);
    expect(backends.get("metal")).toMatchObject({ fast: ["Q8_0"], unsupported: ["Q4_K"] });
    expect(backends.get("cuda")?.fast).toContain("Q4_K");
  });

  test("may cite sources of the built-in catalog and of another file", async () => {
    const power = "power: { value: 28, basis: specification, source: techpowerup }";
    const citing = write(file({ power }, "my-box", ""), "citing.yaml").path;
    const { devices } = await loadCatalog([citing, write(`version: 1\n${source}\n`, "sources.yaml").path]);
    expect(devices.get("my-box")?.power?.value).toBe(28);
  });

  test("may use aliases", async () => {
    const text = file({ memory: memory.replace("{ value", "&all { value"), budget: "budget: *all" });
    expect((await loadCatalog([write(text).path])).devices.get("my-box")?.budget.value).toBe(16 * 2 ** 30);
  });
});

type Case = [name: string, text: string, message: RegExp, remedy: RegExp];

const cases: Case[] = [
  ["an unknown key", file({ power: "▸powr: null" }), /unknown key "powr"/, /`power`/],
  ["no budget", file({ budget: "" }), /"budget" is missing/, /./],
  ["a budget without source", file({ budget: "▸budget: { value: 5 GB, basis: measured }" }), /"source"/, /sources/],
  ["an unknown source", file({ power: "power: { value: 5, basis: measured, source: ▸mee }" }), /"mee"/, /mean `me`/],
  ["a missing source", file({ power: "power: { value: 5, basis: measured, source: ▸them }" }), /"them"/, /Add it/],
  ["an unknown basis", file({ budget: budget.replace("measured", "▸mesured") }), /"mesured"/, /`measured`/],
  [
    "a basis that every object has",
    file({ budget: budget.replace("measured", "▸constructor") }),
    /"constructor"/,
    /"measured"/,
  ],
  ["a name of two lines", file({ name: 'name: ▸"My\\nbox"' }), /"My\\nbox" is not a line of text/, /one line/],
  ["a name that colours the terminal", file({ name: 'name: ▸"\\e[31mred"' }), /not a line of text/, /one line/],
  [
    "a specification called measured",
    file({ power: "power: { value: 5, basis: ▸measured, source: techpowerup }" }),
    /the basis "measured" does not match the source "techpowerup" of kind "specification"/,
    /kind "measurement", or write `basis: estimate`/,
  ],
  [
    "a measurement called a specification",
    file({ budget: budget.replace("measured", "▸specification") }),
    /the basis "specification" does not match/,
    /kind "specification"/,
  ],
  [
    "an estimate without a note",
    file({ budget: "budget: ▸{ value: 5 GB, basis: estimate, source: me }" }),
    /method/,
    /note/,
  ],
  ["a size without unit", file({ budget: "budget: { value: ▸lots, basis: measured, source: me }" }), /a size/, /GiB/],
  ["a size as a rate", file({ bandwidth: bandwidth.replace("51.2 GB/s", "▸51.2 GB") }), /not a rate/, /51.2 GB\/s/],
  [
    "more cards than a computer holds",
    file({ memory: memory.replace("cards: 1", "cards: ▸900000000") }),
    /at most 64/,
    /./,
  ],
  [
    "more budget than memory",
    file({ budget: budget.replace("9.5 GB", "▸17 GiB") }),
    /larger than the memory/,
    /system and other programs leave/,
  ],
  ["an unknown backend", file({ backends: "backends: [▸cpu-x68]" }), /"cpu-x68"/, /`cpu-x86`/],
  ["no backend", file({ backends: "backends: ▸[]" }), /"backends" is empty/, /./],
  ["an id with capitals", file({}, "▸MyBox"), /"MyBox" is not a device id/, /quantsmith devices/],
  [
    "bounds exchanged",
    file({
      power:
        "power: null\n    sustained: { retention: { ▸low: 0.9, high: 0.5, basis: measured, source: me }, minutes: 5, energyPerToken: null, batteryPer1kTokens: null }",
    }),
    /`low` is above `high`/,
    /Swap/,
  ],
  [
    "a device twice",
    `${file()}${file({}, "▸my-box").split("devices:\n")[1]}`,
    /the id "my-box" appears twice in "devices"/,
    /Change one/,
  ],
  [
    "a source without kind",
    file({}, "my-box", "sources: [▸{ id: me, title: x, url: null }]"),
    /"kind" is missing/,
    /./,
  ],
  [
    "an unknown tensor type",
    `version: 1\n${source}\nbackends: [{ id: metal, name: M, fast: [▸Q4_X], slow: [], unsupported: [], source: me }]`,
    /"Q4_X"/,
    /Q4/,
  ],
  ["another version", file().replace("1", "▸2"), /"version" cannot be the number 2/, /`1`/],
];

describe("one problem", () => {
  test.each(cases)("%s", async (_, text, message, remedy) => {
    const { path, places } = write(text);
    const found = await problems(loadCatalog([path]));
    if (places.length > 0) expect(found.map(placeOf)).toContain(places[0]);
    const [first] = found;
    expect(first).toMatchObject({ code: "QS-CATALOG-INVALID", at: { file: path } });
    expect(found.map((problem) => problem.message).join("\n")).toMatch(message);
    expect(found.map((problem) => problem.remedy).join("\n")).toMatch(remedy);
  });

  test("several problems are reported at once, in order of lines", async () => {
    const text = file({ budget: budget.replace("me", "▸mi"), backends: "backends: [▸abacus]", power: "▸powr: null" });
    const { path, places } = write(text);
    expect((await problems(loadCatalog([path]))).map(placeOf)).toEqual(expect.arrayContaining(places));
  });
});

test("the example of docs/devices.md", async () => {
  const page = readFileSync(fileURLToPath(new URL("docs/devices.md", packageRoot)), "utf8");
  const example = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? "";
  const { devices } = await loadCatalog([write(example, "example.yaml").path]);
  expect(devices.get("my-workstation")?.budget.value).toBe(23 * 2 ** 30);
});

test("a missing file", async () => {
  expect(await failure(loadCatalog(["none.yaml"]))).toMatchObject({
    code: "QS-CATALOG-MISSING",
    exitCode: 2,
    message: expect.stringContaining("none.yaml: no such file"),
  });
});

test.each([
  ["empty", "# nothing\n", "QS-CATALOG-INVALID"],
  ["not YAML", "version: [1\n", "QS-RECIPE-YAML"],
])("a file that is %s", async (_, text, code) => {
  expect(await failure(loadCatalog([write(text).path]))).toMatchObject({ code });
});
