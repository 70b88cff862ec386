import { swiftText } from "./quoting.js";
import { fenced, gpuLayers, type Runtime, type SnippetInput } from "./snippet.js";

/** llama.cpp's C API from the precompiled XCFramework, whose module is named `llama`. */
export const swift: Runtime = {
  name: "Swift (llama.cpp XCFramework)",
  platforms: ["ios", "macos"],
  docs: "https://github.com/ggml-org/llama.cpp/blob/master/docs/xcframework.md",
  snippet: (input) =>
    `Add \`llama.xcframework\` from a llama.cpp release to the project, and the model to the app's bundle.\n\n${fenced("swift", program(input))}`,
};

function program(input: SnippetInput): string {
  const { file, context, kvType, system, prompt } = input;
  const cache = `contextParams.type_k = GGML_TYPE_Q8_0\ncontextParams.type_v = GGML_TYPE_Q8_0\n`;
  return `import Foundation
import llama

llama_backend_init()
var modelParams = llama_model_default_params()
modelParams.n_gpu_layers = ${gpuLayers(input)}  // 0 in the Simulator
let path = Bundle.main.path(forResource: ${swiftText(file.replace(/\.gguf$/i, ""))}, ofType: "gguf")!
guard let model = llama_model_load_from_file(path, modelParams) else { fatalError("cannot load the model") }
var contextParams = llama_context_default_params()
contextParams.n_ctx = ${context}
contextParams.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED
${kvType === "q8_0" ? cache : ""}guard let context = llama_init_from_model(model, contextParams) else { fatalError("not enough memory") }
let vocab = llama_model_get_vocab(model)
let sampler = llama_sampler_chain_init(llama_sampler_chain_default_params())
llama_sampler_chain_add(sampler, llama_sampler_init_greedy())

let turns = [("system", ${swiftText(system)}), ("user", ${swiftText(prompt)})]
let messages = turns.map { llama_chat_message(role: strdup($0.0), content: strdup($0.1)) }
var text = [CChar](repeating: 0, count: 65_536)
let length = llama_chat_apply_template(
  llama_model_chat_template(model, nil), messages, messages.count, true, &text, Int32(text.count))
guard length >= 0, length <= text.count else { fatalError("llama.cpp does not support this chat template") }
var tokens = [llama_token](repeating: 0, count: Int(length) + 16)
let count = llama_tokenize(vocab, text, length, &tokens, Int32(tokens.count), true, true)

for start in stride(from: 0, to: Int(count), by: 512) {  // at most n_batch tokens at a time
  var part = Array(tokens[start..<min(start + 512, Int(count))])
  guard llama_decode(context, llama_batch_get_one(&part, Int32(part.count))) == 0 else { fatalError("decoding failed") }
}
var token = llama_sampler_sample(sampler, context, -1)
while !llama_vocab_is_eog(vocab, token) {
  var piece = [CChar](repeating: 0, count: 256)
  let bytes = llama_token_to_piece(vocab, token, &piece, Int32(piece.count), 0, false)
  FileHandle.standardOutput.write(Data(bytes: piece, count: Int(max(0, bytes))))
  guard llama_decode(context, llama_batch_get_one(&token, 1)) == 0 else { break }
  token = llama_sampler_sample(sampler, context, -1)
}
llama_sampler_free(sampler)
llama_free(context)
llama_model_free(model)`;
}
