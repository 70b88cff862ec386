import { expect, test } from "vitest";
import { emptyCard, parseBaseCard } from "../../src/checkpoint/base-card.js";

const card = (yaml: string) => parseBaseCard(`---\n${yaml}\n---\n\n# A model\n`);

test("reads a real card", () => {
  const found = card(`license: other
license_name: llama3.2-community
license_link: LICENSE
language:
- en
- no
- de
pipeline_tag: text-generation
tags: [facebook, llama, 3]
datasets:
\t- org/data
base_model: org/base
extra_gated_prompt: >-
  Agree first`);
  expect(found).toEqual({
    license: "other",
    licenseName: "llama3.2-community",
    licenseLink: "LICENSE",
    languages: ["en", "no", "de"],
    pipelineTag: "text-generation",
    tags: ["facebook", "llama"],
    datasets: ["org/data"],
    baseModels: ["org/base"],
    gated: true,
  });
});

test("drops texts that YAML or a GGUF file would not preserve", () => {
  const odd = ["a\\u2028b", "a\\u2029b", "a\\uFFFEb", "a\\uD800b", "a\\u0007b"].map((text) => `"${text}"`);
  expect(card(`tags: [fine, ${odd.join(", ")}]`).tags).toEqual(["fine"]);
});

test("drops a licence's address that is not a web page's", () => {
  const linked = (text: string) => card(`license: other\nlicense_link: "${text}"`).licenseLink;
  for (const address of ["javascript:alert(1)", "data:text/html,x", "https://a@evil.example"]) {
    expect(linked(address)).toBeNull();
  }
  for (const address of ["https://example.org/a", "LICENSE.md", "./LICENSE"]) expect(linked(address)).toBe(address);
});

test("a scalar instead of a list, Windows line ends, a byte order mark", () => {
  expect(parseBaseCard("\uFEFF---\r\nlanguage: en\r\nlicense:\r\n- mit\r\n---\r\n")).toMatchObject({
    languages: ["en"],
    license: "mit",
  });
});

test("an unusable card equals an empty one", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c]`;
  for (const yaml of ["- a list", "just text", "license: [", `x: ${"y".repeat(70_000)}`, bomb, "license: {a: b}"])
    expect(card(yaml), yaml.slice(0, 20)).toEqual(emptyCard);
  for (const text of ["", "# No front matter", "---\nlicense: mit\n"]) expect(parseBaseCard(text)).toEqual(emptyCard);
});
