import { describe, expect, test } from "vitest";
import { ggmlTypeByName } from "../../src/quant/ggml-types.js";
import { presetByName, presets } from "../../src/quant/presets.js";
import { clonePinnedSource } from "../fixtures/pinned-source.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const source = clonePinnedSource(temporaryFolder());

/** Name, description and file type of every entry in llama-quantize's list. */
function pinnedPresets(): { name: string; fileType: number; about: string }[] {
  const header = source("include/llama.h").matchAll(/^\s*(LLAMA_FTYPE_\w+)\s*=\s*(\d+),/gm);
  const fileTypes = new Map([...header].map(([, name = "", value]) => [name, Number(value)]));
  const list = /QUANT_OPTIONS = \{([\s\S]*?)\n\};/.exec(source("tools/quantize/quantize.cpp"))?.[1] ?? "";
  return [...list.matchAll(/\{ "(\w+)",\s*(LLAMA_FTYPE_\w+),\s*"([^"]*)"/g)].map(
    ([, name = "", type = "", about = ""]) => ({
      name,
      fileType: fileTypes.get(type) ?? -1,
      about,
    }),
  );
}

describe("presets match the pinned llama-quantize", () => {
  const pinned = pinnedPresets();

  test("all names and file types, without COPY and aliases", () => {
    const own = pinned.filter(({ name, about }) => name !== "COPY" && !about.startsWith("alias"));
    expect(own.length).toBeGreaterThan(30);
    expect(Object.fromEntries(presets.map(({ name, fileType }) => [name, fileType]))).toEqual(
      Object.fromEntries(own.map(({ name, fileType }) => [name, fileType])),
    );
    expect(new Set(presets.map(({ name }) => name)).size).toBe(presets.length);
  });

  test("aliases", () => {
    const aliases = pinned.filter(({ about }) => about.startsWith("alias"));
    expect(aliases.length).toBeGreaterThan(0);
    for (const { name, about } of aliases) expect(presetByName(name)?.name).toBe(about.replace("alias for ", ""));
  });

  test("quoted perplexity figures", () => {
    const quoted = presets.filter(({ about }) => about.includes("perplexity"));
    expect(quoted.length).toBeGreaterThan(10);
    for (const { name, about } of quoted) {
      if (/\+[\d.]+ perplexity/.test(about)) {
        const theirs = /\+([\d.]+) ppl @ Llama-3-8B/.exec(pinned.find((entry) => entry.name === name)?.about ?? "");
        expect(about).toContain(`+${Number(theirs?.[1]).toFixed(3)} perplexity`);
      }
    }
  });
});

test("lookups ignore case and return undefined for other names", () => {
  expect(presetByName("q4_k_m")?.fileType).toBe(15);
  expect(presetByName("iq4_xs")?.name).toBe("IQ4_XS");
  expect(presetByName("COPY")).toBeUndefined();
  expect(presetByName("Q4_K_XL")).toBeUndefined();
});

test("a preset with the name of a type has at least its bits per weight, and at most 0.6 more", () => {
  for (const { name, bitsPerWeight } of presets) {
    const type = ggmlTypeByName(name);
    if (type === undefined) continue;
    // The F32 norms of Llama 3.1 8B add less than 0.001 bits.
    expect(bitsPerWeight, name).toBeGreaterThanOrEqual(type.bitsPerWeight);
    expect(bitsPerWeight, name).toBeLessThan(type.bitsPerWeight + 0.6);
  }
});
