import { describe, expect, test } from "vitest";
import type { Chat, ChatTemplate } from "../../src/corpus/chat.js";
import { renderChats } from "../../src/corpus/render-chats.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { isRunning } from "../../src/util/is-running.js";
import { failureOf } from "../fixtures/failure.js";
import { processIn } from "../fixtures/smoke-model.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

/* The child process that renders chat templates, with hostile templates. */
const work = temporaryFolder();
const context = { work, signal: new AbortController().signal, toolchain: resolveToolchain };
const limits = { memoryBytes: 512e6, characters: 1e6 };
const chat = (content: string): Chat => ({
  messages: [{ role: "user", content }],
  addGenerationPrompt: false,
});
const model = (template: string): ChatTemplate => ({ template, toolUse: null, bos: "", eos: "" });
const content = "{{ messages[0].content }}";
/** Runs `body` for the second chat. */
const onSecond = (body: string) => `{% if messages[0].content == 'two' %}${body}{% endif %}${content}`;
const loop = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";

test("half a surrogate pair, in a template or a chat, becomes U+FFFD", async () => {
  const renderings = await renderChats(model(`\udc00${content}`), [chat("a\ud800b \\ud800 😀")], context);
  expect(renderings).toEqual([{ kind: "text", text: "\ufffda\ufffdb \\ud800 😀", thinking: false }]);
});

test("thousands of chats are rendered by one process, in order", async () => {
  const texts = Array.from({ length: 1000 }, (_, index) => `chat ${index}\n"\u2028`);
  const renderings = await renderChats(model(content), texts.map(chat), context);
  expect(renderings).toEqual(texts.map((text) => ({ kind: "text", text, thinking: false })));
});

test("an error of the template concerns one chat, an invalid template all", async () => {
  const chats = ["one", "two", "three"].map(chat);
  expect(await renderChats(model(onSecond("{{ raise_exception('no') }}")), chats, context)).toEqual([
    { kind: "text", text: "one", thinking: false },
    { kind: "rejected", reason: expect.stringContaining("no") },
    { kind: "text", text: "three", thinking: false },
  ]);
  const unparsable = { kind: "unparsable", reason: expect.stringMatching(/\S/) };
  expect(await renderChats(model("{% if %}"), chats, context)).toEqual([unparsable, unparsable, unparsable]);
});

const doubled = (next: string) =>
  `{% set ns = namespace(l=['a']) %}{% for i in range(60) %}{% set ns.l = ${next} %}{% endfor %}`;
describe("a template is ended at a limit while this process continues", () => {
  test.each([
    ["loops", onSecond(loop), 1, /does not finish within 1 seconds for chat 2 of 3$/],
    [
      "calls itself",
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      60,
      /crashes its program \(SIGSEGV\) for chat 1 of 3$/,
    ],
    ["doubles a list", onSecond(doubled("ns.l + ns.l")), 60, /uses more than 512 MB of memory for chat 2 of 3$/],
    [
      "prints long texts",
      `{% for a in range(1200) %}${"a".repeat(1000)}{% endfor %}`,
      60,
      /renders more .* for chat 1 of 3$/,
    ],
  ])("%s", async (_what, template, seconds, message) => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const error = await failureOf(
      renderChats(model(template), ["one", "two", "three"].map(chat), context, { ...limits, seconds }),
    );
    clearInterval(timer);
    expect(error).toMatchObject({ code: "QS-TEMPLATE-LIMIT", message: expect.stringMatching(message), exitCode: 2 });
    expect(ticks).toBeGreaterThan(0);
  });
});

test("an error names the place of a conversation", async () => {
  const chats = ["one", "two"].map((text, index) => ({ ...chat(text), place: `line ${index + 8} of "chat.jsonl"` }));
  const error = await failureOf(renderChats(model(onSecond(loop)), chats, context, { ...limits, seconds: 1 }));
  expect(error.message).toMatch(/does not finish within 1 seconds for the conversation in line 9 of "chat.jsonl"$/);
});

test("an abort ends the process", async () => {
  const abort = new AbortController();
  const rendering = renderChats(model(loop), [chat("one")], { ...context, signal: abort.signal });
  rendering.catch(() => {});
  const pid = await until(() => running());
  abort.abort(new Error("interrupted"));
  await expect(rendering).rejects.toThrow("interrupted");
  await until(() => !isRunning(pid));
});

/** The id of the child, once it has started. */
function running(): number | undefined {
  try {
    return processIn(work);
  } catch {
    return undefined;
  }
}
