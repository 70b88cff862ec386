import { describe, expect, test } from "vitest";
import { chatRenderer } from "../../src/corpus/chat-template.js";
import type { Gguf, GgufValue } from "../../src/gguf/gguf.js";
import { failureOf } from "../fixtures/failure.js";

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
  test("uses the model's own template and special tokens", () => {
    expect(chatRenderer(gguf(strict))(conversation)).toBe("<s>[user] Hello</s>[assistant] Good evening</s>");
  });

  test.each([
    ["no template", undefined, conversation, /no chat template/],
    ["a broken template", "{% for %}", conversation, /cannot parse/],
    ["a rejected conversation", strict, conversation.toReversed(), /begins "assistant: Good evening": .*alternate/],
  ])("%s is an error", async (_what, template, messages, message) => {
    const error = await failureOf(Promise.resolve().then(() => chatRenderer(gguf(template))(messages)));
    expect(error).toMatchObject({ code: "QS-TEXT-CONVERSATION", message: expect.stringMatching(message) });
  });
});
