/** A chat format, as an Ollama template. */
export interface TemplateFamily {
  name: string;
  /** Go template without the BOS token, which llama.cpp adds. */
  template: string;
  /** Stop sequences: the markers that begin and end turns. */
  stop: readonly string[];
}

const answer = "{{ .Response }}";

/** System prompt before the first question, for families without a system turn. */
const systemFirst = (system: string) => `{{ if and $.System (not $later) }}${system}{{ end }}`;

/** Messages of a template that prints every role, those of a chat, or those of a chat without an empty system prompt. */
const printed = [
  undefined,
  'or (eq .Role "system") (eq .Role "user") (eq .Role "assistant")',
  'or (and .Content (eq .Role "system")) (eq .Role "user") (eq .Role "assistant")',
];

function eachRole(name: string, open: string, close: string, stop: readonly string[]): TemplateFamily[] {
  const turn = `${open.replace("ROLE", "{{ .Role }}")}{{ .Content }}${close}`;
  return printed.map((condition) => {
    const body = condition === undefined ? turn : `{{ if ${condition} }}${turn}{{ end }}`;
    const template = `{{- range .Messages }}${body}{{ end }}${open.replace("ROLE", "assistant")}${answer}`;
    return { name, template, stop };
  });
}

/** `later` is inserted before every question but the first. */
function questionAndAnswer(
  name: string,
  { later = "", question, reply, end = "" }: { later?: string; question: string; reply: string; end?: string },
  stop: readonly string[],
): TemplateFamily {
  const before = later === "" ? "" : `{{ if $later }}${later}{{ end }}`;
  const user = `{{ if eq .Role "user" }}${before}${question}{{ $later = true }}`;
  const assistant = `{{ else if eq .Role "assistant" }}${reply}{{ end }}`;
  return {
    name,
    template: `{{- $later := false }}{{ range .Messages }}${user}${assistant}{{ end }}${end}${answer}`,
    stop,
  };
}

/** Mistral's templates differ in their spaces. */
function mistral(): TemplateFamily[] {
  const choices = ["[INST] ", " [INST] ", "[INST]"].flatMap((open) =>
    [" [/INST]", "[/INST]"].flatMap((close) =>
      [" ", ""].flatMap((space) => ["</s>", "</s> "].map((end) => ({ open, close, space, end }))),
    ),
  );
  return choices.map(({ open, close, space, end }) =>
    questionAndAnswer(
      "mistral",
      {
        question: `${open}${systemFirst("{{ $.System }}\n\n")}{{ .Content }}${close}`,
        reply: `${space}{{ .Content }}${end}`,
      },
      ["[INST]", "[/INST]"],
    ),
  );
}

const deepseekStop = ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"];

/** Templates of DeepSeek's reasoning models open the `<think>` block. */
function deepseek(): TemplateFamily[] {
  return ["", "<think>\n"].map((thoughts) => ({
    name: "deepseek",
    template: `{{- $.System }}{{ range .Messages }}{{ if eq .Role "user" }}<｜User｜>{{ .Content }}{{ else if eq .Role "assistant" }}<｜Assistant｜>{{ .Content }}<｜end▁of▁sentence｜>{{ end }}{{ end }}<｜Assistant｜>${thoughts}${answer}`,
    stop: deepseekStop,
  }));
}

/** Families, in the order of matching. */
export const templateFamilies: readonly TemplateFamily[] = [
  ...eachRole("chatml", "<|im_start|>ROLE\n", "<|im_end|>\n", ["<|im_start|>", "<|im_end|>"]),
  ...eachRole("llama-3", "<|start_header_id|>ROLE<|end_header_id|>\n\n", "<|eot_id|>", [
    ...["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
  ]),
  ...eachRole("phi-3", "<|ROLE|>\n", "<|end|>\n", ["<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]),
  ...eachRole("phi-4", "<|im_start|>ROLE<|im_sep|>", "<|im_end|>", ["<|im_start|>", "<|im_sep|>", "<|im_end|>"]),
  ...eachRole("zephyr", "<|ROLE|>\n", "</s>\n", ["<|system|>", "<|user|>", "<|assistant|>", "</s>"]),
  questionAndAnswer(
    "gemma",
    {
      question: `<start_of_turn>user\n${systemFirst("{{ $.System }}\n\n")}{{ .Content }}<end_of_turn>\n`,
      reply: "<start_of_turn>model\n{{ .Content }}<end_of_turn>\n",
      end: "<start_of_turn>model\n",
    },
    ["<start_of_turn>", "<end_of_turn>"],
  ),
  questionAndAnswer(
    "llama-2",
    {
      later: "<s>",
      question: `[INST] ${systemFirst("<<SYS>>\n{{ $.System }}\n<</SYS>>\n\n")}{{ .Content }} [/INST]`,
      reply: " {{ .Content }} </s>",
    },
    ["[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"],
  ),
  ...mistral(),
  ...deepseek(),
];
