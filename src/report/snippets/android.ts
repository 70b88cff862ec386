import { kotlinText } from "./quoting.js";
import { fenced, type Runtime } from "./snippet.js";

/** The library of llama.cpp's Android example: Kotlin over JNI. */
export const android: Runtime = {
  name: "Android (llama.cpp, JNI)",
  platforms: ["android"],
  docs: "https://github.com/ggml-org/llama.cpp/blob/master/docs/android.md",
  snippet: ({ file, context, system, prompt }) => {
    const before = `Add \`examples/llama.android/lib\` of llama.cpp to the project, and set \`DEFAULT_CONTEXT_SIZE\` in its \`src/main/cpp/ai_chat.cpp\` to ${context}; a larger context needs more memory. Copy the model to the app's files folder.`;
    return `${before}\n\n${fenced(
      "kotlin",
      `import com.arm.aichat.AiChat
import com.arm.aichat.InferenceEngine.State
import java.io.File
import kotlinx.coroutines.flow.first

suspend fun ask(context: android.content.Context) {
    val engine = AiChat.getInferenceEngine(context)
    engine.state.first { it is State.Initialized }
    engine.loadModel(File(context.filesDir, ${kotlinText(file)}).path)
    engine.setSystemPrompt(${kotlinText(system)})
    engine.sendUserPrompt(${kotlinText(prompt)}).collect { token -> print(token) }
    engine.cleanUp()
}`,
    )}`;
  },
};
