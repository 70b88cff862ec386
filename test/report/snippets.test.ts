import { execFileSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import { kotlinText, modelfileText, scriptText, swiftText } from "../../src/report/snippets/quoting.js";
import { renderSnippets, runtimes } from "../../src/report/snippets/runtimes.js";
import { fenced, platformOf, type SnippetInput } from "../../src/report/snippets/snippet.js";
import { shellPath, shellWord } from "../../src/util/shell-word.js";
import { clonePinnedSource } from "../fixtures/pinned-source.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const local: SnippetInput = {
  repo: null,
  file: "Model-4B-Q4_K_M.gguf",
  tag: "Q4_K_M",
  projector: null,
  context: 6144,
  kvType: "f16",
  flags: "-ngl 99 -c 6144 -fa on",
  layers: { offloaded: 33, total: 33, expertsOnCpu: 0 },
  system: "Be brief.",
  prompt: "What's 2 + 2?",
};
const remote: SnippetInput = { ...local, repo: "me/Model-4B-GGUF" };
const partial: SnippetInput = {
  ...local,
  kvType: "q8_0",
  flags: "-ngl 20 --n-cpu-moe 4 -c 6144 -ctk q8_0 -ctv q8_0 -fa on",
  layers: { offloaded: 20, total: 33, expertsOnCpu: 4 },
};
const processor: SnippetInput = { ...local, flags: "-ngl 0 -c 6144 -fa on", layers: null };

function snippet(name: string, input: SnippetInput): string {
  const runtime = runtimes.find((one) => one.name.startsWith(name));
  if (runtime === undefined) throw new Error(`no runtime ${name}`);
  return runtime.snippet(input);
}

describe("the snippet contains the requested settings", () => {
  const cases: [string, SnippetInput, string[]][] = [
    [
      "llama.cpp",
      local,
      ["llama-cli -m Model-4B-Q4_K_M.gguf -ngl 99 -c 6144 -fa on -sys 'Be brief.' -p 'What'\\''s 2 + 2?'"],
    ],
    ["llama.cpp", remote, ["llama-cli -hf me/Model-4B-GGUF:Q4_K_M -ngl 99"]],
    ["llama.cpp", { ...local, projector: "mmproj-Model-4B-F16.gguf" }, ["--mmproj mmproj-Model-4B-F16.gguf"]],
    ["llama.cpp", partial, ["-ngl 20 --n-cpu-moe 4 -c 6144 -ctk q8_0 -ctv q8_0 -fa on"]],
    ["Swift", local, ['forResource: "Model-4B-Q4_K_M"', "n_ctx = 6144", "n_gpu_layers = 99", '"What\'s 2 + 2?"']],
    ["Swift", partial, ["type_k = GGML_TYPE_Q8_0", "n_gpu_layers = 20"]],
    ["Android", local, ["`DEFAULT_CONTEXT_SIZE` in its `src/main/cpp/ai_chat.cpp` to 6144", '"Model-4B-Q4_K_M.gguf"']],
    [
      "Ollama",
      local,
      [
        "FROM ./Model-4B-Q4_K_M.gguf",
        "PARAMETER num_ctx 6144",
        "PARAMETER num_gpu 99",
        "ollama create model-4b-q4_k_m",
      ],
    ],
    ["Ollama", remote, ["FROM hf.co/me/Model-4B-GGUF:Q4_K_M"]],
    ["Ollama", partial, ["OLLAMA_KV_CACHE_TYPE=q8_0", "PARAMETER num_gpu 20"]],
    ["Ollama", processor, ["PARAMETER num_gpu 0"]],
    ["LM Studio", local, ["lms import Model-4B-Q4_K_M.gguf", "--context-length 6144 --gpu max"]],
    ["LM Studio", remote, ["lms get https://huggingface.co/me/Model-4B-GGUF@Q4_K_M"]],
    ["LM Studio", partial, ["--gpu 0.6", "`q8_0`"]],
    ["LM Studio", processor, ["--gpu off"]],
    ["Jan", local, ["**Settings → Model Providers → Llama.cpp → Import**", "6144"]],
    ["Jan", remote, ["`me/Model-4B-GGUF`"]],
    ["GPT4All", local, ["Download Path", "6144"]],
    ["GPT4All", remote, ["search for `me/Model-4B-GGUF`"]],
    ["text-generation-webui", local, ["mv Model-4B-Q4_K_M.gguf user_data/models/", "--ctx-size 6144 --gpu-layers 99"]],
    ["text-generation-webui", partial, ["--gpu-layers 20 --cpu-moe --cache-type q8_0"]],
    ["text-generation-webui", remote, ["https://huggingface.co/me/Model-4B-GGUF/resolve/main/Model-4B-Q4_K_M.gguf"]],
    ["PocketPal", local, ["add it as a local model", "6144"]],
    ["PocketPal", remote, ["search for `me/Model-4B-GGUF`"]],
    ["LLMFarm", local, ["`models` folder", "6144"]],
    ["node-llama-cpp", local, ['modelPath: "Model-4B-Q4_K_M.gguf"', "contextSize: 6144"]],
    ["node-llama-cpp", remote, ['resolveModelFile("hf:me/Model-4B-GGUF:Q4_K_M")']],
    ["node-llama-cpp", partial, ['experimentalKvCacheKeyType: "Q8_0"', "gpuLayers: 20"]],
  ];
  test.each(cases)("%s %#", (name, input, parts) => {
    const text = snippet(name, input);
    for (const part of parts) expect(text).toContain(part);
  });
});

describe("against the pinned source of llama.cpp", () => {
  const folder = temporaryFolder();
  let read: (path: string) => string;
  beforeAll(() => {
    read = clonePinnedSource(folder);
  });

  test("every flag of llama-cli exists", () => {
    const known = read("common/arg.cpp");
    const used = [local, partial, { ...remote, projector: "mmproj.gguf" }, { ...local, projector: "mmproj.gguf" }];
    const flags = used.flatMap((input) => snippet("llama.cpp", input).match(/(?<= )--?[a-z][a-z-]*/g) ?? []);
    expect(flags.length).toBeGreaterThan(20);
    for (const flag of new Set(flags)) expect(known).toContain(`"${flag}"`);
  });

  test("every name of the Swift program is in the C headers", () => {
    const headers = read("include/llama.h") + read("ggml/include/ggml.h");
    const names =
      snippet("Swift", partial).match(/\b(?:llama|LLAMA|GGML|ggml)_\w+|\bn_\w+|\btype_[kv]\b|\bflash_\w+/g) ?? [];
    expect(new Set(names).size).toBeGreaterThan(25);
    for (const name of new Set(names)) if (name !== "n_batch") expect(headers).toMatch(new RegExp(`\\b${name}\\b`));
  });

  test("the Android library defines everything that the snippet calls", () => {
    const library = "examples/llama.android/lib/src/main";
    const kotlin = `${read(`${library}/java/com/arm/aichat/AiChat.kt`)}${read(`${library}/java/com/arm/aichat/InferenceEngine.kt`)}`;
    for (const name of [
      "getInferenceEngine",
      "loadModel",
      "setSystemPrompt",
      "sendUserPrompt",
      "cleanUp",
      "object Initialized",
    ]) {
      expect(kotlin).toContain(name);
    }
    expect(read(`${library}/cpp/ai_chat.cpp`)).toContain("DEFAULT_CONTEXT_SIZE");
  });
});

describe("quoting", () => {
  const nasty = [
    "plain",
    "it's",
    'a "b" $c `d` \\e',
    "line\nbreak",
    "it's \\ \u001b[2J\u202e",
    "$(rm -rf /)",
    "",
    "-x",
    "ünïcode 漢",
  ];

  test.each(nasty)("a shell parses %j unchanged", (text) => {
    expect(execFileSync("bash", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" })).toBe(text);
  });

  test.each(nasty)("JavaScript parses %j unchanged", (text) => {
    expect(JSON.parse(scriptText(text))).toBe(text);
  });

  test("Swift, Kotlin and Modelfile strings are escaped", () => {
    expect(swiftText('a "b" \\(c)\n')).toBe('"a \\"b\\" \\\\(c)\\n"');
    expect(kotlinText('a "b" $c')).toBe('"a \\"b\\" \\$c"');
    expect(modelfileText('a """ b')).toBe('"""a \'\'\' b"""');
  });

  test("a file name that starts with a dash is never an option", () => {
    expect(shellPath("-rf.gguf")).toBe("./-rf.gguf");
    const dashed = { ...local, file: "-rf Q4.gguf", projector: "-mmproj.gguf" };
    for (const { snippet: of } of runtimes) expect(of(dashed)).not.toMatch(/ '?-(rf|mmproj)[ .].*$/m);
    expect(snippet("Ollama", dashed)).toContain("ollama create rf-q4 -f Modelfile");
    const long = snippet("Ollama", { ...local, file: `${"Long-".repeat(30)}Q4_K_M.gguf` });
    expect(/ollama create (\S+)/.exec(long)?.[1]).toMatch(/^long-[a-z-]{68}-q4_k_m$/);
    expect(snippet("Ollama", { ...local, file: 'a".gguf' })).toContain("cannot refer to this file");
  });

  test("the fence of a code block is longer than any inside", () => {
    expect(fenced("sh", "echo ```` x")).toBe("`````sh\necho ```` x\n`````");
  });
});

describe("all runtimes", () => {
  const platforms = ["ios", "android", "macos", "desktop"] as const;

  test.each(platforms)("%s: runtimes for the platform come first, and all are present", (platform) => {
    const text = renderSnippets(
      () => local,
      ({ platforms: where }) => where.includes(platform),
    );
    const fold = text.indexOf("<details>");
    for (const { name, platforms: where } of runtimes) {
      const at = text.indexOf(`### ${name}\n`);
      expect(at).toBeGreaterThanOrEqual(0);
      expect(at < fold).toBe(where.includes(platform));
    }
    for (const other of ["MLX", "MLC LLM", "ExecuTorch"]) expect(text).toContain(`**${other}** needs`);
  });

  test("never mention a cloud service", () => {
    const all = [remote, local]
      .map((input) =>
        renderSnippets(
          () => input,
          () => true,
        ),
      )
      .join();
    expect(all).not.toMatch(/\bcloud\b|api[_ -]?key|openai|anthropic|inference endpoint|hf[- ]inference/i);
  });

  test("platformOf returns the platform of a device", () => {
    expect(platformOf({ class: "phone", backends: ["metal", "cpu-arm"] })).toBe("ios");
    expect(platformOf({ class: "phone", backends: ["opencl-adreno"] })).toBe("android");
    expect(platformOf({ class: "mac", backends: ["metal"] })).toBe("macos");
    expect(platformOf({ class: "cpu", backends: ["cpu-x86"] })).toBe("desktop");
  });
});
