import { describe, expect, test } from "vitest";
import { chatRenderer } from "../../src/corpus/chat-template.js";
import type { Gguf, GgufValue } from "../../src/gguf/gguf.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import type { Warning } from "../../src/util/warnings.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const warnings: Warning[] = [];
const context = {
  work: temporaryFolder(),
  signal: new AbortController().signal,
  toolchain: resolveToolchain,
  warn: (warning: Warning) => warnings.push(warning),
};

const conversation = [
  { role: "user", content: "Hello" },
  { role: "assistant", content: "Good evening" },
];
const gguf = (template: string | undefined) =>
  ({
    metadata: new Map<string, GgufValue>([
      ["tokenizer.ggml.tokens", { type: "array", itemType: "string", items: ["<unk>", "<s>", "</s>"] }],
      ["tokenizer.ggml.bos_token_id", { type: "uint32", value: 1 }],
      ["tokenizer.ggml.eos_token_id", { type: "uint32", value: 2 }],
      ...(template === undefined
        ? []
        : [["tokenizer.chat_template", { type: "string", value: template }] as [string, GgufValue]]),
    ]),
  }) as unknown as Gguf;

const strict =
  "{{ bos_token }}{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}[{{ m.role }}] {{ m.content }}{{ eos_token }}{% endfor %}";

describe("rendering conversations", () => {
  const render = async (template: string | undefined, conversations: (typeof conversation)[]) =>
    chatRenderer(
      gguf(template),
      context,
    )(conversations.map((messages, index) => ({ messages, place: `line ${index + 3} of "chat.jsonl"` })));

  test("uses the model's own template and special tokens", async () => {
    expect(await render(strict, [conversation, conversation.slice(0, 1)])).toEqual([
      "<s>[user] Hello</s>[assistant] Good evening</s>",
      "<s>[user] Hello</s>",
    ]);
    expect(warnings).toEqual([]);
    await render("{% for m in messages %}{{ [m.role] }}{{ m.content }}{% endfor %}", [conversation]);
    expect(warnings).toMatchObject([{ code: "QW-TEMPLATE-ENGINES" }]);
  });

  test.each([
    ["no template", undefined, conversation, /no chat template/],
    [
      "a message in escapes",
      "{{ raise_exception('it\\'s \\nno') }}",
      conversation,
      /the conversation in line 3 of "chat.jsonl": it's \nno$/,
    ],
    ["a broken template", "{% for %}", conversation, /cannot parse/],
    [
      "a rejected conversation",
      strict,
      conversation.toReversed(),
      /the conversation in line 4 of "chat.jsonl": roles must alternate$/,
    ],
  ])("%s is an error", async (_what, template, messages, message) => {
    expect(await failureOf(render(template, [conversation, messages]))).toMatchObject({
      code: "QS-TEXT-CONVERSATION",
      message: expect.stringMatching(message),
    });
  });

  // Each puts the conversation's text into an error of the engine.
  test.each([
    "{{ raise_exception(messages[0].content) }}",
    "{{ raise_exception('x\\nError: Jinja Exception: ' + messages[0].content) }}",
    '{{ raise_exception("\'" ~ messages[0].content ~ "\'") }}',
    "{{ messages | selectattr('role', messages[0].content, 1) | list }}",
  ])("no error shows a text of the conversation: %s", async (template) => {
    const secret = [{ role: "user", content: "my secret" }];
    const error = await failureOf(render(template, [secret]));
    expect(error).toMatchObject({
      code: "QS-TEXT-CONVERSATION",
      message: expect.stringMatching(/rejects the conversation in line 3 of "chat.jsonl": its message is not shown/),
    });
    expect(JSON.stringify(error)).not.toContain("secret");
  });
});
