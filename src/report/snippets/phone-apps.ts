import { codeSpan } from "../markdown.js";
import type { Runtime } from "./snippet.js";

/** PocketPal imports local files and searches the Hub. */
export const pocketPal: Runtime = {
  name: "PocketPal AI",
  platforms: ["ios", "android"],
  docs: "https://github.com/a-ghorbani/pocketpal-ai#downloading-a-model",
  snippet: ({ repo, file, context, kvType }) => {
    const get =
      repo === null
        ? `Copy ${codeSpan(file)} to the phone. In **Models**, tap **+** and add it as a local model.`
        : `In **Models**, tap **+**, add from Hugging Face, search for ${codeSpan(repo)} and download ${codeSpan(file)}.`;
    const cache = kvType === "f16" ? "" : ` and the cache types to ${kvType}`;
    return `${get} In **Settings**, set the context size to ${context}${cache}. Then tap **Load**.`;
  },
};

/** LLMFarm loads models from its own folder and has a context per chat. */
export const llmFarm: Runtime = {
  name: "LLMFarm",
  platforms: ["ios", "macos"],
  docs: "https://github.com/guinmoon/LLMFarm",
  snippet: ({ file, context }) =>
    `Copy ${codeSpan(file)} into the app's \`models\` folder (Files app), create a chat with it, and set its \`context\` to ${context} (default: 1024).`,
};
