import type { Catalog } from "../../hardware/catalog/device.js";
import { presetByName } from "../../quant/presets.js";
import { defaultModelName } from "../../recipe/model-source.js";
import { formatBytes } from "../../util/bytes.js";
import { chooseDevices, type DeviceChoice, draftContext } from "./choose-devices.js";
import type { PinnedText } from "./data-sets.js";
import { draftTexts } from "./draft-texts.js";
import type { ModelOutline } from "./model-outline.js";
import { inComment, inlineMapping } from "./recipe-text.js";

/** Below this, four-bit variants may exceed the pipeline's limits. */
const smallParameters = 3e9;
/** The pipeline's limits are meant for at least this many bits per weight. */
const typicalBits = 4.4;
/** Below this, all presets fit all devices. */
const tinyParameters = 4e8;

/**
 * Returns the text of a recipe for a model: variants and devices by its size, prompts by its chat template. Those in
 * `failing`, which the base does not answer, are comments. Without `pinned` texts, the bundled ones are used. Pure.
 */
export function draftRecipe(
  model: ModelOutline,
  catalog: Pick<Catalog, "devices">,
  folder: string,
  pinned: readonly PinnedText[] = [],
  failing: ReadonlySet<string> = new Set(),
): string {
  const choice = deviceChoice(model, catalog);
  const name = defaultModelName(model.source, folder) === undefined ? { name: "model" } : {};
  return [
    ...heading(model),
    "version: 1",
    "",
    `model: ${inlineMapping({ source: model.source, ...name })}`,
    "",
    ...projector(model),
    ...draftTexts(model, pinned),
    "",
    ...variantsAndDevices(model, choice),
    ...gates(model, choice),
    ...smoke(model, failing),
    "# publish: { repo: me/name-GGUF }",
    "",
  ].join("\n");
}

function heading({ architecture, parameters, weightBytes, quantized, width }: ModelOutline): string[] {
  const [unit, word] = parameters >= 1e9 ? [1e9, "billion"] : [1e6, "million"];
  const count = `${Number((parameters / unit).toPrecision(2))} ${word} parameters`;
  const lines = [`# ${inComment(architecture)}, about ${count}: ${formatBytes(weightBytes)} of weights.`];
  if (quantized !== undefined) {
    lines.push(`# Weights: ${inComment(quantized.label)}; the base has about ${formatBytes(quantized.baseBytes)}.`);
  }
  if (!storesK({ width })) {
    lines.push(`# The row width ${width} is not a multiple of 256, so K-quants fall back to larger types.`);
  }
  return lines;
}

/** Returns true if the model's rows divide into the blocks of K-quants, as far as known. */
function storesK({ width }: Pick<ModelOutline, "width">): boolean {
  return width === null || width % 256 === 0;
}

function projector({ pictures, audio }: ModelOutline): string[] {
  const inputs = [...(pictures ? ["pictures"] : []), ...(audio ? ["audio"] : [])];
  if (inputs.length === 0) return [];
  return [
    `# The projector for ${inputs.join(" and ")}, a file of its own: also [F16, Q8_0], or none for a release of the language model alone.`,
    ...(audio ? ["# Audio is not tested."] : []),
    "convert: { mmproj: F16 }",
    "",
  ];
}

/** Chooses devices, without variants per device for a model so small that all presets fit all devices. */
function deviceChoice(model: ModelOutline, catalog: Pick<Catalog, "devices">): DeviceChoice {
  const { variants, devices } = chooseDevices(model, catalog);
  // Variants of a source with quantized tensors hardly differ in size.
  return { devices, variants: model.parameters < tinyParameters || model.kept !== undefined ? [] : variants };
}

function variantsAndDevices(model: ModelOutline, { variants, devices }: DeviceChoice): string[] {
  const others = model.kept === undefined ? "each tensor" : "each of the other tensors";
  return [
    "variants:",
    ...presets(model),
    `  # The size of llama.cpp's Q4_K_M, with a type for ${others} chosen by measurement.`,
    "  - { name: Q4_K_M, dynamic: { sizeOf: Q4_K_M } }",
    ...variants.flatMap(({ name, device, bits }) => [
      `  # The best variant for the ${inComment(device.name)}: about ${bits.toFixed(1)} bits per weight.`,
      `  - { name: ${name}, dynamic: { device: ${device.id}, context: ${draftContext(model)} } }`,
    ]),
    "",
    ...(devices.length === 0 ? [] : [`devices: [${devices.map(({ id }) => id).join(", ")}]`, ""]),
  ];
}

/** For quantized weights, only sizes near their own and below: they gain nothing from more bits. */
function presets(model: ModelOutline): string[] {
  const { kept, quantized, parameters, weightBytes } = model;
  if (kept === undefined) {
    const most = quantized === undefined ? 16 : (8 * weightBytes) / parameters + 1;
    // Rows that Q6_K cannot store become Q8_0.
    const usual = ["Q8_0", ...(parameters < tinyParameters || !storesK(model) ? [] : ["Q6_K"])];
    const useful = usual.filter((preset) => (presetByName(preset)?.bitsPerWeight ?? 16) <= most);
    return useful.map((preset) => `  - ${preset}`);
  }
  return [
    `  # ${Math.round((100 * kept.parameters) / parameters)} % of the weights are ${kept.type} already and stay so in every variant; the others become Q8_0 here.`,
    kept.type === "MXFP4" ? "  - MXFP4_MOE" : `  - { name: ${kept.type}, preset: Q8_0 }`,
  ];
}

function gates({ parameters }: ModelOutline, { variants }: DeviceChoice): string[] {
  const low = variants.some(({ bits }) => bits < typicalBits);
  if (parameters < smallParameters && !low) {
    return [
      "# Wider limits than the pipeline's, because small models lose more at 4 bits. They only catch damaged files: a sound",
      "# 4-bit file of SmolLM2-135M measured 0.04, a fifth of the limit.",
      "gates: { perplexityRatio: { max: 1.2 }, kldMean: { max: 0.2 } }",
      "",
    ];
  }
  if (!low) {
    return [
      "# The pipeline's limits, 0.1 and 1.1, only catch damaged files: llama.cpp publishes 0.03 and 1.02 for Q4_K_M of Llama 3 8B.",
      "",
    ];
  }
  return [
    "# Wider limits than the pipeline's, for the variants below 4 bits. They only catch damaged files: llama.cpp publishes",
    "# 0.08 for Q3_K_M and 0.18 for IQ3_XXS of Llama 3 8B.",
    "gates: { perplexityRatio: { max: 1.25 }, kldMean: { max: 0.25 } }",
    "",
  ];
}

function smoke(model: ModelOutline, failing: ReadonlySet<string>): string[] {
  const { comment, questions } = questionsFor(model);
  const asked = questions.filter(({ prompt }) => !failing.has(prompt));
  const failed = questions.filter(({ prompt }) => failing.has(prompt));
  const [first] = failed;
  // Without an expectation, an answer still must be a text.
  const plain = asked.length > 0 || first === undefined ? [] : [`  - { prompt: "${first.prompt}" }`];
  return [
    ...comment.map((line) => `# ${line}`),
    "smoke:",
    ...asked.flatMap(({ lines }) => lines.map((line) => `  ${line}`)),
    ...plain,
    ...(failed.length === 0 ? [] : ["  # The base itself does not meet these:"]),
    ...failed.flatMap(({ lines }) => lines.map((line) => `  # ${line}`)),
    "",
  ];
}

interface Question {
  prompt: string;
  /** An entry of the recipe's list. */
  lines: string[];
}

function question(prompt: string, rest: string): Question {
  return { prompt, lines: [`- { prompt: "${prompt}"${rest} }`] };
}

function questionsFor({ chat, pooling, pictures, tools }: ModelOutline): { comment: string[]; questions: Question[] } {
  if (pooling !== undefined) {
    return {
      comment: [
        `A model without text output (pooling: ${inComment(pooling)}): its vectors, and the order of 20 sentence pairs, are`,
        "compared with the 16-bit base's.",
      ],
      questions: [
        question("When does the train to Lisbon leave?", ", expect: { cosineToBase: 0.95, rankToBase: 0.95 }"),
      ],
    };
  }
  if (chat === "none") {
    return {
      comment: ["No chat template: a base model completes text. Its answers are short, since greedy ones soon repeat."],
      questions: [
        question("The capital of France is", ", maxTokens: 16, expect: { matches: Paris }"),
        question("The sun rises in the east and sets in the", ", maxTokens: 16, expect: { matches: west }"),
      ],
    };
  }
  const room = chat === "thinking" ? ", maxTokens: 2048" : "";
  const asJson = "Which city is the capital of Japan? Answer as JSON.";
  return {
    comment: chat === "thinking" ? ["A thinking model: its answers need more tokens."] : [],
    questions: [
      question("What is the capital of France? Answer with one word.", `${room}, expect: { matches: Paris }`),
      {
        prompt: asJson,
        lines: [
          `- prompt: "${asJson}"`,
          "  expect: { jsonSchema: { type: object, properties: { city: { type: string } } }, matches: Tokyo }",
        ],
      },
      ...(tools ? [toolQuestion(room)] : []),
      ...(pictures ? pictureQuestions(room) : []),
    ],
  };
}

function toolQuestion(room: string): Question {
  const prompt = "What is the weather in Paris?";
  return {
    prompt,
    lines: [
      "# A call of a tool, parsed in the format of the model's chat template.",
      `- prompt: "${prompt}"`,
      ...(room === "" ? [] : [`  ${room.slice(2)}`]),
      "  tools:",
      "    - name: get_weather",
      "      description: Current weather of a city",
      "      parameters: { type: object, properties: { city: { type: string } }, required: [city] }",
      "  expect: { toolCall: { name: get_weather, arguments: { city: Paris } } }",
    ],
  };
}

/** Questions about the bundled picture, a red disc above the word TIGER. */
function pictureQuestions(room: string): Question[] {
  const about = (prompt: string, matches: string) => ({
    prompt,
    lines: [`- { image: bundled, prompt: "${prompt}"${room}, expect: { matches: "${matches}" } }`],
  });
  const word = about("Which word is written in this picture?", "TIGER|[Tt]iger");
  return [
    {
      ...word,
      lines: [
        "# A picture, with every projector; what the base does not recognize is a warning and no requirement.",
        ...word.lines,
      ],
    },
    about("Which color does the circle in this picture have?", "[Rr]ed"),
  ];
}
