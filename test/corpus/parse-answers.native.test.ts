import { expect, test } from "vitest";
import { parseAnswers } from "../../src/corpus/render-chats.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* Calls of tools in answers, parsed by llama.cpp in the formats of chat templates. */
const context = { work: temporaryFolder(), signal: new AbortController().signal, toolchain: resolveToolchain };
const city = { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } } };
const tools = [{ name: "get_weather", parameters: city }];

const template = (call: string) => `{% if tools %}Tools:{% for tool in tools %}
{{ tool | tojson }}{% endfor %}
{% endif %}{% for message in messages %}<|im_start|>{{ message.role }}
{% if message.content %}{{ message.content }}{% endif %}{% for one in message.tool_calls or [] %}{% set tool_call = one.function %}
${call}{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;
const json = template(`<tool_call>
{"name": "{{ tool_call.name }}", "arguments": {{ tool_call.arguments | tojson }}}
</tool_call>`);
const tags = template(`<tool_call>
<function={{ tool_call.name }}>
{% for key, value in tool_call.arguments.items() %}<parameter={{ key }}>
{{ value if value is string else value | tojson }}
</parameter>
{% endfor %}</function>
</tool_call>`);

const asJson = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}\n</tool_call>';

const parse = (template: string, ...answers: string[]) => {
  const chat = { messages: [{ role: "user", content: "Weather?" }], tools, addGenerationPrompt: true };
  const model = { template, toolUse: null, bos: "", eos: "" };
  return parseAnswers(
    model,
    answers.map((answer) => ({ ...chat, answer })),
    context,
  );
};

test("each template's own format is parsed, and no other", async () => {
  const asTags =
    "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>";
  const callsOf = async (template: string, answer: string) =>
    (await parse(template, answer)).map((one) =>
      one.kind === "parsed" ? one.calls.map(({ name, arguments: given }) => [name, JSON.parse(given)]) : one.kind,
    );
  const call = ["get_weather", { city: "Paris", days: 3 }];
  expect(await callsOf(json, asJson)).toEqual([[call]]);
  expect(await callsOf(json, `${asJson}\n${asJson}`)).toEqual([[call, call]]);
  expect(await callsOf(tags, asTags)).toEqual([[call]]);
  expect(await callsOf(json, "It is sunny.")).toEqual([[]]);
  expect(await callsOf(json, '{"name": "get_weather", "arguments": {"city": "Paris"}}')).toEqual([[]]);
  expect(await callsOf(json, asJson.replace("get_weather", "get_time"))).toEqual(["rejected"]);
  const [cut] = await parse(json, asJson.slice(0, 60));
  expect(cut?.kind === "parsed" && cut.calls[0]?.arguments).not.toMatch(/\}$/);
});

test("an answer that crashes the parser is rejected, and the others are parsed", async () => {
  const nested = asJson.replace('"Paris"', "[".repeat(100_000));
  expect(await parse(json, asJson, nested, asJson)).toEqual([
    { kind: "parsed", calls: expect.anything() },
    { kind: "rejected", reason: "llama.cpp's parser of answers crashes its program (SIGSEGV)" },
    { kind: "parsed", calls: expect.anything() },
  ]);
});
