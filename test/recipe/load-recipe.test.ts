import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { loadRecipe } from "../../src/recipe/load-recipe.js";
import { failure, placeOf, problems, temporaryFolder, writeMarked } from "./bad-file.js";

const folder = temporaryFolder();

/** Returns a recipe whose only problem is in `lines`; their keys replace the valid ones. */
function around(lines: string): string {
  const valid = [
    ["version", "version: 1"],
    ["model", "model: { source: hf:org/name }"],
    ["variants", "variants: [Q8_0]"],
  ];
  const head = valid.filter(([key]) => !new RegExp(`^▸?${key}:`, "m").test(lines)).map(([, line]) => line);
  return [...head, lines, ""].join("\n");
}

type Case = [name: string, lines: string, message: RegExp, remedy: RegExp];

const cases: Case[] = [
  ["unknown top-level key", "▸smok: []", /unknown key "smok"/, /`smoke`/],
  ["unknown key without a near name", "▸banana: 1", /unknown key "banana"/, /Use "version".*"publish"/],
  ["unknown gate", "gates: { ▸perplexityRato: { max: 1 } }", /unknown key "perplexityRato"/, /`perplexityRatio`/],
  [
    "unknown key deep in a list",
    "smoke:\n  - prompt: a\n    expect:\n      ▸match: b",
    /unknown key "match"/,
    /`matches`/,
  ],
  ["mistyped required key, reported once", "model:\n  ▸sorce: hf:a/b", /unknown key "sorce"/, /`source`/],
  ["mistyped variant key, reported once", "variants:\n  - { name: X, ▸dynamc: {} }", /"dynamc"/, /`dynamic`/],
  ["mistyped gate bound, reported once", "gates: { kldMean: { ▸maxi: 1 } }", /"maxi"/, /`max`/],
  ["missing source", "▸model: { name: x }", /"source" is missing in "model"/, /hf:org\/name/],
  ["missing prompt", "smoke: [▸{ maxTokens: 5 }]", /"prompt" is missing in "smoke\[0\]"/, /Add `prompt:`/],
  ["version without value", "▸version:\n", /"version" cannot be nothing/, /^Write `1`\.$/],
  ["wrong version", "version: ▸2", /"version" cannot be the number 2/, /^Write `1`\.$/],
  [
    "number as text",
    "calibration: { chunks: ▸lots }",
    /an integer, found the text "lots"/,
    /^Write an integer from 1 to 100000, such as `200`\.$/,
  ],
  ["fraction as count", "calibration: { chunks: ▸1.5 }", /an integer, found the number 1.5/, /from 1 to 100000/],
  ["not a number", "calibration: { chunks: ▸.nan }", /"chunks"/, /integer from 1/],
  ...["u:s3cr3t@h/x", "u:hunter/s3cr3t@h/x", "h/x?access_token=s3cr3t", "h/x?a=b&X-Amz-Signature=s3cr3t"].flatMap(
    (address) =>
      ["repoUrl", "licenseLink", "licenseName"].map(
        (key): Case => [
          `a secret in ${key}: ${address}`,
          `metadata: { ${key}: ▸"https://${address}" }`,
          /^(?!.*s3cr3t).*a password or a token/,
          /^Remove it/,
        ],
      ),
  ),
  ...["https://u:s3cr3t@h/x.yaml", "//u:s3cr3t@h/x.yaml", "https://u:a s3cr3t@h/x.yaml"].flatMap((address): Case[] => [
    [`as source: ${address}`, `model: { source: ▸"${address}" }`, /^(?!.*s3cr3t).*not a model source/, /hf:org/],
    [`as text: ${address}`, `calibration: { corpus: ▸"${address}" }`, /^(?!.*s3cr3t).*not a file path/, /^Use/],
    [`as pipeline: ${address}`, `pipeline: ▸"${address}"`, /^(?!.*s3cr3t).*not a pipeline/, /^Write a name/],
    [`as target: ${address}`, `publish: { repo: ▸"dir:${address}" }`, /^(?!.*s3cr3t).*not a publish target/, /dir:/],
  ]),
  ["zero chunks", "evaluation: { chunks: ▸0 }", /at least 1/, /integer from 1/],
  ["huge context", "evaluation: { context: ▸99999999 }", /at most 1048576/, /from 64 to 1048576/],
  ["key without value", "calibration: { ▸chunks: }", /found nothing/, /integer from 1/],
  [
    "section without value",
    "▸calibration:\n",
    /mapping.*found nothing/,
    /^Write a mapping with "corpus".*importance matrix/,
  ],
  [
    "text for a mapping",
    "model: ▸tiny",
    /mapping.*found the text "tiny"/,
    /^Write a mapping, such as `{ source: hf:org\/name }`\.$/,
  ],
  [
    "text as switch",
    "calibration: { chatTemplate: ▸yes }",
    /`true` or `false`, found the text "yes"/,
    /^Write `true` or `false`\.$/,
  ],
  ["text for a list", "devices: ▸iphone", /must be a list, found the text "iphone"/, /quantsmith devices/],
  ["number for text", "smoke: [{ prompt: a, expect: { matches: ▸12 } }]", /must be text, found the number 12/, /"12"/],
  ["number as variant", "variants: [▸7]", /text or a mapping.*found the number 7/, /`preset` or `dynamic`/],
  ["not a device", "compute: { device: ▸the fast one }", /"the fast one" is not a device/, /`cuda`.*`CUDA0`/],
  ["layers in words", "compute: { gpuLayers: ▸all }", /"gpuLayers"/, /auto/],
  ["no share of a device", "compute: { tensorSplit: ▸[0, 0] }", /all shares are 0/, /`\[3, 1\]`/],
  [
    "layers on the CPU",
    "compute: { device: cpu, ▸gpuLayers: 20 }",
    /`gpuLayers` does not apply to `device: cpu`/,
    /^Remove it, or choose another device\.$/,
  ],
  ...["--wrap=id", "--wra=id", "--output=/tmp/x", "--export=ALL", "--qos=low\\n--wrap=id", "qos"].map(
    (option): Case => [
      `option of sbatch ${option}`,
      `executors: { slurm: { options: ["--gres=gpu:1", ▸"${option}"] } }`,
      /is not an option of sbatch that recipes may set/,
      /--qos=low/,
    ],
  ),
  ["no variants", "variants: ▸[]", /"variants" is empty/, /variants to build/],
  ["enum", "convert: { outtype: ▸bf61 }", /"outtype" cannot be the text "bf61"/, /`bf16`/],
  ["enum without a near value", "convert: { outtype: ▸double }", /cannot be the text "double"/, /"auto".* or "f32"/],
  ["unknown preset", "variants: [▸Q4_K_X]", /unknown preset "Q4_K_X"/, /`Q4_K_M`/],
  ["preset with slips", "variants: [▸q4km]", /unknown preset "q4km"/, /Did you mean `Q4_K_M`/],
  ["nothing like a preset", "variants: [▸banana]", /unknown preset/, /^Run `quantsmith types`/],
  [
    "preset as tensor type",
    "variants: [{ name: A, preset: Q6_K, tensors: { output: ▸Q4_K_M } }]",
    /tensor type/,
    /`Q4_K`/,
  ],
  [
    "type that cannot be written",
    "variants: [{ preset: Q6_K, tensors: { output: ▸I32 } }]",
    /unknown tensor type "I32"/,
    /./,
  ],
  [
    "regular expression",
    'variants: [{ preset: Q6_K, tensors: { ▸"blk.(": Q8_0 } }]',
    /not a regular expression/,
    /`ffn_down`/,
  ],
  ["space in a pattern", 'variants: [{ preset: Q6_K, tensors: { ▸"a b": Q8_0 } }]', /space/, /Remove/],
  ["capital in a pattern", 'variants: [{ preset: Q6_K, tensors: { ▸"\\\\D+": Q8_0 } }]', /capital/, /lower/],
  ["long pattern", `variants: [{ preset: Q6_K, tensors: { ▸${"a".repeat(201)}: Q8_0 } }]`, /200 characters/, /Split/],
  [
    "answer pattern",
    'smoke: [{ prompt: a, expect: { matches: ▸"(" } }]',
    /regular expression: Unterminated group/,
    /contains/,
  ],
  ["a bare word as a picture", "smoke: [{ prompt: a, image: ▸bundle }]", /"bundle" is not a picture/, /`bundled`/],
  ["tools with a picture", "smoke: [{ prompt: a, image: bundled, ▸tools: [{ name: f }] }]", /does not apply/, /Remove/],
  ["two types of projector", "convert: { mmproj: [F16, ▸Q4_0] }", /"Q4_0"/, /Q8_0/],
  ["empty prompt", 'smoke: [{ prompt: ▸"" }]', /"prompt" is empty/, /User message/],
  ["empty expectation", "smoke: [{ prompt: a, expect: ▸{} }]", /`expect` is empty/, /`json: true`/],
  ["json: false", "smoke: [{ prompt: a, expect: { json: ▸false } }]", /"json" cannot be `false`/, /`true`/],
  ["mistyped expectation", "smoke: [{ prompt: a, expect: { ▸endItself: 9 } }]", /"endItself"/, /`endsItself`/],
  ["mistyped tool key", "smoke: [{ prompt: a, tools: [{ name: f, ▸parameter: {} }] }]", /"parameter"/, /`parameters`/],
  ["name of a tool", 'smoke: [{ prompt: a, tools: [{ name: ▸"get weather" }] }]', /not a function name/, /get_weather/],
  ["sameAsBase: false", "smoke: [{ prompt: a, expect: { sameAsBase: ▸false } }]", /cannot be `false`/, /`true`/],
  ["cosine above one", "smoke: [{ prompt: a, expect: { cosineToBase: ▸1.1 } }]", /at most 1/, /-1 to 1/],
  [
    "call of an unknown tool",
    "smoke: [{ prompt: a, tools: [{ name: get_time }], expect: { ▸toolCall: get_tme } }]",
    /unknown tool "get_tme"/,
    /`get_time`/,
  ],
  [
    "call constrained by a schema",
    "smoke: [{ prompt: a, tools: [{ name: f }], expect: { jsonSchema: { type: object }, ▸toolCall: f } }]",
    /cannot be a tool call/,
    /two prompts/,
  ],
  [
    "end beyond the maximum length",
    "smoke: [{ prompt: a, maxTokens: 8, expect: { ▸endsItself: 9 } }]",
    /`endsItself` 9 is above `maxTokens` 8/,
    /Raise/,
  ],
  [
    "reference of a schema to another definition",
    `smoke: [{ prompt: a, expect: { jsonSchema: { $defs: { City: { type: object } }, ▸$ref: "#/$defs/Cty" } } }]`,
    /no definition "#\/\$defs\/Cty"/,
    /\$defs/,
  ],
  [
    "reference of a property to an address",
    `smoke: [{ prompt: a, expect: { jsonSchema: { type: object, properties: { b: { ▸$ref: "https://x.example/a" } } } } }]`,
    /no definition "https/,
    /\$defs/,
  ],
  [
    "schema key that grammars do not support",
    "smoke: [{ prompt: a, expect: { jsonSchema: { type: object, properties: { b: { type: string, ▸patern: x } } } } }]",
    /schema key "patern"/,
    /Use only "type"/,
  ],
  [
    "mistyped schema key",
    "smoke: [{ prompt: a, expect: { jsonSchema: { type: object, ▸propertis: {} } } }]",
    /schema key "propertis"/,
    /`properties`/,
  ],
  [
    "mistyped schema type",
    "smoke: [{ prompt: a, expect: { jsonSchema: { oneOf: [{ ▸type: strng }] } } }]",
    /"strng" is not a JSON Schema type/,
    /`string`/,
  ],
  [
    "schema without a type",
    "smoke: [{ prompt: a, expect: { jsonSchema: ▸{} } }]",
    /the schema has no type/,
    /type: object/,
  ],
  ["bare model source", "model: { source: ▸org/name }", /not a model source/, /`\.\/folder`.*`hf:org\/name`/],
  ["model source without owner", "model: { source: ▸hf:gpt2 }", /not a model source/, /hf:org\/name/],
  ["home folder", "model: { source: ▸~/models/x }", /not a model source/, /\.\/folder/],
  ["NUL in a path", 'model: { source: ▸"./a\\0b", name: x }', /not a model source/, /folder/],
  ["control character in a corpus", 'search: { corpus: ▸"./a\\nb" }', /not a file path/, /default/],
  ["revision of a folder", "model: { source: ./x, ▸revision: main }", /cannot have a `revision`/, /`hf:`/],
  ["revision with dots", "model: { source: hf:a/b, revision: ▸../x }", /not a revision/, /`main`/],
  ["invalid revision in a source", "model: { source: ▸hf:a/b@../x }", /not a model source/, /hf:org\/name@revision/],
  ["source with nothing after @", 'model: { source: ▸"hf:a/b@" }', /not a model source/, /hf:org\/name@revision/],
  ["control character in a GGUF file", 'model: { source: ▸"hf:a/b/x y.gguf" }', /not a model source/, /GGUF file/],
  [
    "conversion of a GGUF file",
    "model: { source: ./m-BF16.gguf }\nconvert: { ▸outtype: f16 }",
    /"outtype" has no effect on a GGUF source/,
    /checkpoint/,
  ],
  [
    "choice of files beside a GGUF file",
    'model: { source: hf:a/b/m.gguf, ▸include: ["*.txt"] }',
    /"include" has no effect/,
    /checkpoint/,
  ],
  [
    "two revisions of a GGUF file",
    "model: { source: hf:a/b/m.gguf@v1, ▸revision: v2 }",
    /has the revision "v1"/,
    /Remove one/,
  ],
  [
    "two revisions",
    "model: { source: hf:a/b@v1, ▸revision: v2 }",
    /"revision" is "v2", and "source" has the revision "v1"/,
    /Remove one/,
  ],
  ["revision beside an invalid source", "model: { source: ▸hf:b, revision: v2 }", /not a model source/, /./],
  ["model name", "model: { source: ./x, name: ▸a/b }", /"a\/b" is not usable/, /letters, digits/],
  ["no model name in the source", "model: { source: ▸/ }", /cannot derive a file name/, /`name:`/],
  ["variant name", 'variants: [{ name: ▸"a b", preset: Q8_0 }]', /not usable/, /letters, digits/],
  [
    "same variant twice",
    "variants:\n  - Q4_K_M\n  - ▸Q4_K_M",
    /variants 1 and 2 have the same name "Q4_K_M"/,
    /another `name`/,
  ],
  ["same variant by alias", "variants: [Q4_K_M, ▸q4_k]", /same name "Q4_K_M"/, /another `name`/],
  [
    "same name in another case",
    "variants: [{ name: q8_0, preset: Q6_K }, ▸Q8_0]",
    /variants 1 and 2/,
    /upper and lower/,
  ],
  ["name of two presets", "variants: [Q8_0, { name: ▸Q8_0, preset: Q6_K }]", /same name/, /another/],
  ["default name of an entry", "variants: [Q8_0, { preset: ▸Q8_0, tensors: {} }]", /same name/, /another/],
  ["name of the imatrix", "variants: [{ name: ▸imatrix, preset: Q8_0 }]", /reserved for the imatrix/, /another `name`/],
  [
    "name of a projector",
    "variants: [{ name: ▸mmproj-F16, preset: F16 }]",
    /reserved for projectors/,
    /another `name`/,
  ],
  [
    "limit on a category that the evaluation lacks",
    "variants: [Q8_0]\nevaluation: [{ name: code, corpus: ./a.txt }]\ngates: { kldMean: { ▸cod: 0.1 } }",
    /unknown key "cod"/,
    /`code`/,
  ],
  [
    "gate with a misspelled bound",
    "variants: [Q8_0]\ngates: { kldMean: { ▸mx: 0.1 } }",
    /unknown key "mx"/,
    /"min" or "max"/,
  ],
  [
    "two categories of one name",
    "variants: [Q8_0]\nevaluation: [{ name: code, corpus: ./a.txt }, { ▸name: code, corpus: ./b.txt }]",
    /two categories/,
    /another name/,
  ],
  [
    "category with a reserved name",
    "variants: [Q8_0]\nevaluation: [{ name: ▸noise, corpus: ./a.txt }]",
    /reserved/,
    /another name/,
  ],
  [
    "text of a category that is used for calibration",
    "variants: [Q8_0]\ncalibration: { corpus: ./a.txt }\nevaluation: [{ name: code, corpus: ▸./a.txt }]",
    /listed under/,
    /different texts/,
  ],
  [
    "name of a comparator",
    "variants: [{ name: ▸llama.cpp-Q4_K_M, preset: Q8_0 }]",
    /measured for comparison/,
    /another `name`/,
  ],
  ["no preset", "variants: [▸{ name: A }]", /neither `preset` nor `dynamic`/, /`preset: Q4_K_M`/],
  ["both kinds", "variants: [{ name: A, preset: Q8_0, ▸dynamic: { bytes: 2 GB } }]", /both/, /one of the two/],
  ["dynamic without name", "variants: [▸{ dynamic: { bytes: 2 GB } }]", /needs a `name`/, /Q4_K_M/],
  ["dynamic without budget", "variants: [{ name: A, dynamic: ▸{} }]", /no budget/, /"sizeOf".* or "device"/],
  [
    "two budgets",
    "variants: [{ name: A, dynamic: ▸{ bytes: 2 GB, sizeOf: Q8_0 } }]",
    /2 budgets: "sizeOf" and "bytes"/,
    /Keep/,
  ],
  [
    "context without device",
    "variants: [{ name: A, dynamic: { bytes: 2 GB, ▸context: 512 } }]",
    /`context` requires `device`/,
    /device/,
  ],
  [
    "reserve without device",
    "variants: [{ name: A, dynamic: { bytes: 2 GB, ▸reserve: 1 GB } }]",
    /`reserve` requires `device`/,
    /device/,
  ],
  [
    "a reserve without a unit",
    "variants: [{ name: A, dynamic: { device: pixel-9, ▸reserve: 500 } }]",
    /the reserve of 500 bytes is too small/,
    /`500 MB`/,
  ],
  [
    "a reserve that is not a size",
    "variants: [{ name: A, dynamic: { device: pixel-9, reserve: ▸much } }]",
    /"much" is not a size/,
    /2.4 GB/,
  ],
  ["no size", "variants: [{ name: A, dynamic: { bytes: ▸2.4 GX } }]", /"2.4 GX" is not a size/, /2.4 GB/],
  [
    "one candidate type",
    "variants: [{ name: A, dynamic: { bytes: 2 GB, types: ▸[Q4_K] } }]",
    /at least 2/,
    /choose from/,
  ],
  ["bits per weight", "variants: [{ name: A, dynamic: { bitsPerWeight: ▸0.2 } }]", /at least 1/, /from 1 to 16/],
  ["gate without bounds", "gates: { sameTop: ▸{} }", /neither `min` nor `max`/, /Add a limit/],
  [
    "limit of vectors relative to a variant",
    "variants: [Q8_0]\ngates: { cosineToBase: { ▸min: { of: Q8_0, ratio: 1 } } }",
    /accepts only numbers/,
    /`min: 0.99`/,
  ],
  ["gate upside down", "gates: { sameTop: { ▸min: 90, max: 80 } }", /`min` 90 is above `max` 80/, /Swap/],
  ["gate as a number", "gates: { kldMean: ▸0.05 }", /must be a mapping/, /Mean/],
  [
    "limit relative to an unknown variant",
    "variants: [Q8_0, Q4_K_M]\ngates: { kldMean: { max: { of: ▸Q4_KM, ratio: 1 } } }",
    /no variant "Q4_KM"/,
    /`Q4_K_M`/,
  ],
  [
    "limits relative to two variants",
    "variants: [Q8_0, Q4_K_M]\ngates: { kldMean: { max: { of: Q8_0, ratio: 9 } }, sameTop: { min: { of: ▸Q4_K_M, ratio: 1 } } }",
    /"Q8_0" and .*"Q4_K_M"/,
    /same variant/,
  ],
  ["relative limit without a ratio", "gates: { kldMean: { ▸max: { of: Q8_0 } } }", /"ratio" is missing/, /Factor/],
  ["mistyped corpus", "calibration: { corpus: ▸defualt }", /unknown corpus "defualt"/, /`default`.*`\.\/defualt`/],
  ["empty corpus list", "calibration: { corpus: ▸[] }", /"corpus" is empty/, /./],
  ["corpus from the Hub without revision", "calibration: { corpus: ▸hf:org/set/a.txt }", /data set/, /@revision/],
  [
    "corpus from an invalid revision",
    'calibration: { corpus: ▸"hf:org/set@.x/a.txt" }',
    /does not name a file of a Hub data set/,
    /@revision/,
  ],
  ["corpus without a path", "calibration: { corpus: ▸hf:org/set@refs/pr/3 }", /data set/, /path\/file/],
  ["corpus at a branch with a slash", "calibration: { corpus: ▸hf:org/set@refs/heads/a/b.txt }", /data set/, /%2F/],
  ["corpus of a wrong type", "calibration: { corpus: [a.txt, ▸5] }", /must be text/, /"5"/],
  [
    "evaluation on calibration text",
    "calibration: { corpus: ./a.txt }\nevaluation: { corpus: [b.txt, ▸x/../a.txt] }",
    /"calibration" and "evaluation"/,
    /different texts/,
  ],
  [
    "evaluation on search text",
    "search: { corpus: [a.txt] }\nevaluation: { corpus: ▸./a.txt }",
    /"search" and "evaluation"/,
    /different texts/,
  ],
  [
    "evaluation on the same Hub text",
    "search: { corpus: hf:a/b@1/c.txt }\nevaluation: { corpus: ▸hf:a/b@1/c.txt }",
    /listed under/,
    /./,
  ],
  [
    "evaluation on the same Hub text in another spelling",
    "search: { corpus: hf:a/b@refs/pr/1/c.txt }\nevaluation: { corpus: ▸hf:a/b@refs%2Fpr%2F1/c.txt }",
    /listed under/,
    /./,
  ],
  ["revision to publish to", "publish: { repo: ▸hf:me/x@v1 }", /published to a revision.*"hf:me\/x@v1"/, /`me\/x`/],
  ["revision to publish to, without hf:", "publish: { repo: ▸me/x@main }", /published to a revision/, /`via`/],
  ["home folder in a place", "publish: { repo: ▸'dir:~/models' }", /only a shell replaces/, /path of the folder/],
  ["place to publish", "publish: { repo: ▸me }", /not a publish target/, /`dir:path`/],
  ["a way to publish into a folder", "publish: { repo: dir:x, ▸via: pr }", /`via` does not apply to a folder/, /Hub/],
  ["streaming into a folder", "publish: { repo: dir:x, ▸stream: true }", /`stream` does not apply to a folder/, /Hub/],
  ["collection", "publish: { repo: a/b, collection: ▸mine }", /not a collection's slug/, /\/collections\//],
  ["gating", "publish: { repo: a/b, gated: ▸true }", /./, /./],
  ["device id", "devices: [▸iPhone 15]", /not a device id/, /quantsmith devices/],
  ["merge key", "a: &a { x: 1 }\n▸<<: *a".replace("a: &a", "▸a: &a"), /unknown key "a"/, /./],
];

describe("one problem", () => {
  test.each(cases)("%s", async (_, lines, message, remedy) => {
    const { path, places } = writeMarked(folder, "one.yaml", around(lines));
    const found = await problems(loadRecipe(path));
    expect(found.map(placeOf)).toEqual(places);
    expect(found[0]?.code).toBe("QS-RECIPE-INVALID");
    expect(found[0]?.message).toMatch(message);
    expect(found[0]?.remedy).toMatch(remedy);
    expect(found[0]?.at.file).toBe(path);
  });
});

describe("a variant that cannot be published under its name", () => {
  const labels: typeof cases = [
    [
      "no label",
      "variants: [{ name: ▸small, preset: Q4_K_M }]",
      /does not recognize a quantization label/,
      /UD-Q4_K_XL/,
    ],
    ["an unknown label", "variants: [Q4_K_M, { name: ▸Q4_K_L, preset: Q4_K_M }]", /not recognize a quantization/, /./],
    ["an alias as a name", "variants: [{ name: ▸Q4_K, preset: Q4_K_M }]", /not recognize a quantization label/, /./],
    ["another label", "variants: [{ name: ▸mine-Q8_0, preset: Q8_0 }]", /as Q8_0 instead of mine-Q8_0/, /./],
    ["the label of another variant", "variants: [Q8_0, { name: ▸my-Q8_0, preset: Q8_0 }]", /Q8_0/, /./],
    [
      "a tag that llama.cpp resolves to another file",
      "variants: [BF16, ▸F16]",
      /llama\.cpp resolves it to .*-BF16\.gguf/,
      /Rename/,
    ],
    ["a name that llama.cpp does not accept for a model", "variants: [{ name: ▸mtp-Q8_0, preset: Q8_0 }]", /./, /./],
  ];

  test.each(labels)("%s", async (_, lines, message, remedy) => {
    const { path, places } = writeMarked(folder, "label.yaml", around(lines));
    const found = await problems(loadRecipe(path));
    expect(found.map(placeOf)).toEqual(places);
    expect(found[0]?.code).toBe("QS-RECIPE-LABEL");
    expect(found[0]?.message).toMatch(message);
    expect(found[0]?.remedy).toMatch(remedy);
  });

  test("accepts labels that the Hub recognizes, in any letter case", async () => {
    const variants =
      "[q4_k_m, { name: UD-Q4_K_XL, preset: Q4_K_M }, { name: q6_k_l, preset: Q6_K }, TQ1_0, Q1_0, BF16]";
    const { path } = writeMarked(folder, "fine.yaml", around(`variants: ${variants}`));
    expect((await loadRecipe(path)).recipe.variants).toHaveLength(6);
  });
});

describe("the whole file", () => {
  test.each([
    ["empty", "", "QS-RECIPE-EMPTY"],
    ["only comments", "# nothing\n\n  # more\n", "QS-RECIPE-EMPTY"],
    ["only a document start", "---\n", "QS-RECIPE-EMPTY"],
    ["a byte order mark alone", "\uFEFF", "QS-RECIPE-EMPTY"],
    ["a list", "▸- a\n- b\n", "QS-RECIPE-INVALID"],
    ["plain text", "▸hello world\n", "QS-RECIPE-INVALID"],
    ["a number", "▸12\n", "QS-RECIPE-INVALID"],
  ])("%s", async (_, marked, code) => {
    const { path, places } = writeMarked(folder, "whole.yaml", marked);
    const found = await problems(loadRecipe(path));
    expect(found.map((problem) => problem.code)).toEqual([code]);
    if (places.length > 0) expect(found.map(placeOf)).toEqual(places);
  });

  test("the message for a list names both types", async () => {
    const { path } = writeMarked(folder, "list.yaml", "- a\n");
    expect((await failure(loadRecipe(path))).message).toMatch(
      /^1 problem in .*: the file must be a mapping .*, found a list$/,
    );
  });

  test("all problems are reported at once, in order of lines", async () => {
    const marked = [
      "version: ▸3",
      "model: { ▸sorce: ./x, name: ▸a b }",
      "calibration: { corpus: ./a.txt, chunks: ▸x }",
      "variants: [Q8_0, ▸Q9, ▸q8_0]",
      "gates: { kldMean: { ▸min: 2, max: 1 }, ▸kldMeen: { max: 1 } }",
      "evaluation: { corpus: ▸./a.txt }",
    ].join("\n");
    const { path, places } = writeMarked(folder, "many.yaml", marked);
    const error = await failure(loadRecipe(path));
    expect((await problems(loadRecipe(path))).map(placeOf)).toEqual(places);
    expect(error.message).toContain(`9 problems in ${path}`);
    expect(error.exitCode).toBe(2);
    expect(error.at).toEqual({ file: path, line: 1, column: 10 });
  });

  test("three missing keys point at the top", async () => {
    const { path, places } = writeMarked(folder, "hollow.yaml", "# a comment\n▸▸▸smoke: []\n");
    const found = await problems(loadRecipe(path));
    expect(found.map(placeOf)).toEqual(places);
    expect(found.map((problem) => problem.message)).toEqual([
      'the key "version" is missing',
      'the key "model" is missing',
      'the key "variants" is missing',
    ]);
  });
});

describe("the file itself", () => {
  test("missing", async () => {
    const error = await failure(loadRecipe(join(folder, "no", "such.yaml")));
    expect(error).toMatchObject({
      code: "QS-RECIPE-MISSING",
      exitCode: 2,
      at: { file: join(folder, "no", "such.yaml") },
    });
  });

  test("a folder", async () => {
    const error = await failure(loadRecipe(folder));
    expect(error).toMatchObject({ code: "QS-RECIPE-MISSING", message: `cannot read ${folder}: it is a folder` });
  });

  test("a named pipe does not wait for a writer", async () => {
    const path = join(folder, "pipe.yaml");
    execFileSync("mkfifo", [path]);
    expect((await failure(loadRecipe(path))).message).toContain("not a regular file");
  });

  // Root can read the file, which is empty.
  test("unreadable", async () => {
    const path = join(folder, "secret.yaml");
    writeFileSync(path, "");
    chmodSync(path, 0);
    const expected = process.getuid?.() === 0 ? "QS-RECIPE-EMPTY" : "QS-RECIPE-MISSING";
    expect((await failure(loadRecipe(path))).code).toBe(expected);
  });

  test.each(["...yaml", "..yaml", ".hidden.yaml"])("%s cannot name a release folder", async (name) => {
    const { path } = writeMarked(folder, name, around("devices: []"));
    const error = await failure(loadRecipe(path));
    expect(error).toMatchObject({ code: "QS-RECIPE-INVALID", at: { file: path } });
  });

  test("messages show the path as given; folder names may contain blanks and umlauts", async () => {
    const odd = join(folder, "Mein Ördner ☕");
    mkdirSync(odd);
    const { path } = writeMarked(odd, "mödel 1.yaml", around("devices: []"));
    const given = relative(process.cwd(), path);
    const loaded = await loadRecipe(given);
    expect(loaded).toMatchObject({ file: path, name: basename(path, ".yaml") });
    expect(loaded.locate(["model", "source"])).toEqual({ file: given, line: 2, column: 18 });
  });

  test("locate falls back to the nearest existing parent", async () => {
    const { path } = writeMarked(folder, "places.yaml", around("calibration:\n  corpus: a.txt"));
    const { locate } = await loadRecipe(path);
    expect(locate(["calibration", "corpus", 0])).toMatchObject({ line: 5, column: 11 });
    expect(locate(["calibration", "chunks"])).toMatchObject({ line: 4, column: 1 });
    expect(locate(["variants", 0])).toMatchObject({ line: 3, column: 12 });
    expect(locate(["gates", "kldMean", "max"])).toMatchObject({ line: 1, column: 1 });
  });
});
