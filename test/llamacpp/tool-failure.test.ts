import { expect, test } from "vitest";
import { modelLoadPattern, textShortPattern } from "../../src/llamacpp/input-failures.js";
import { convertFailures } from "../../src/llamacpp/python/convert-failures.js";
import { type FailurePattern, toolFailure } from "../../src/llamacpp/tool-failure.js";
import { fileArgument } from "../../src/llamacpp/tool-run.js";
import { runSubprocess } from "../../src/util/subprocess.js";

/** Runs a real process that fails like the tool, and classifies it. */
async function failureOf(script: string, patterns: readonly FailurePattern[] = []) {
  const result = await runSubprocess({ file: "/bin/sh", args: ["-c", script], cwd: "/" });
  return toolFailure(result, { doing: "testing", patterns, otherwise: { code: "QS-CONVERT-FAILED", remedy: "none" } });
}
const saying = (text: string, patterns: readonly FailurePattern[]) =>
  failureOf(`cat >&2 <<'END'\n${text}\nEND\nexit 1`, patterns);

test("SIGKILL means out of memory, another signal is a failure", async () => {
  expect((await failureOf("kill -KILL $$")).code).toBe("QS-ENV-OOM");
  const aborted = await failureOf("kill -ABRT $$");
  expect(aborted.code).toBe("QS-CONVERT-FAILED");
  expect(aborted.message).toContain("SIGABRT");
});

test("SIGXFSZ means a limit of file sizes", async () => {
  const failure = await failureOf("kill -XFSZ $$");
  expect([failure.code, failure.remedy.includes("ulimit -f")]).toEqual(["QS-ENV-LIMIT", true]);
});

test.each([
  ["OSError: [Errno 27] File too large", "QS-ENV-LIMIT"],
  ["OSError: [Errno 28] No space left on device", "QS-DISK-FULL"],
  ["failed to quantize: basic_ios::clear: iostream error", "QS-DISK-FULL"],
  ["terminate called after throwing an instance of 'std::bad_alloc'", "QS-ENV-OOM"],
  ["llama-x: error while loading shared libraries: libllama.so: cannot open shared object file", "QS-TOOL-BROKEN"],
  ["something else", "QS-CONVERT-FAILED"],
])("%s", async (text, code) => {
  const failure = await saying(text, []);
  expect(failure.code).toBe(code);
  expect(failure.output).toContain(text);
});

test.each([
  ["ERROR:hf-to-gguf:Model NopeForCausalLM is not supported", "QS-CONVERT-ARCHITECTURE", "NopeForCausalLM"],
  [
    "NotImplementedError: BPE pre-tokenizer was not recognized - update get_vocab_base_pre()",
    "QS-CONVERT-PRETOKENIZER",
    "BPE",
  ],
  [
    "line 471, in dequant_model\n    w = self.model_tensors[weight_name]\nKeyError: 'model.layers.0.x.weight'",
    "QS-CONVERT-WEIGHTS",
    'lack the tensor "model.layers.0.x.weight"',
  ],
  [
    "line 360, in dequant_simple\n    return x\nRuntimeError: The size of tensor a (3) must match the size of tensor b (2)",
    "QS-CONVERT-WEIGHTS",
    "do not fit them",
  ],
  ["ValueError: Can not map tensor 'model.layers.9.extra.weight'", "QS-CONVERT-WEIGHTS", "model.layers.9.extra.weight"],
  ["FileNotFoundError: File not found: x/tokenizer.model", "QS-CONVERT-TOKENIZER", "tokenizer.model"],
  [
    "ValueError: Missing or incomplete model files: ['model-2.safetensors']",
    "QS-CONVERT-WEIGHTS",
    "model-2.safetensors",
  ],
])("converter: %s", async (text, code, mentions) => {
  const failure = await saying(text, convertFailures);
  expect(failure.code).toBe(code);
  expect(failure.message).toContain(mentions);
});

test("the error for a too short text contains both token counts", async () => {
  const said =
    "0.00 E perplexity: you need at least 1024 tokens to evaluate perplexity with a context of 512\n0.00 E perplexity: the data file you provided tokenizes to only 4 tokens";
  const failure = await saying(said, [textShortPattern("QS-VALIDATE-TEXT-SHORT", "eval.txt")]);
  expect(failure.code).toBe("QS-VALIDATE-TEXT-SHORT");
  expect(failure.message).toBe("eval.txt has 4 tokens, at least 1024 are needed");
});

test("the error for a model that does not load contains llama.cpp's reason", async () => {
  const said = "llama_model_load: error loading model: unknown model architecture: 'nope'";
  const failure = await saying(said, [modelLoadPattern("QS-VALIDATE-LOAD")]);
  expect(failure.code).toBe("QS-VALIDATE-LOAD");
  expect(failure.message).toContain("unknown model architecture: 'nope'");
});

test("a missing program is a broken tool", async () => {
  const result = await runSubprocess({ file: "/no/such/program", args: [], cwd: "/" });
  const otherwise = { code: "QS-CONVERT-FAILED", remedy: "none" } as const;
  expect(toolFailure(result, { doing: "testing", otherwise }).code).toBe("QS-TOOL-BROKEN");
});

test.each(["-rf", "/etc/passwd", ""])("the file name %j is rejected", (name) => {
  expect(() => fileArgument(name)).toThrow(expect.objectContaining({ code: "QS-TOOL-ARGUMENT" }));
});
