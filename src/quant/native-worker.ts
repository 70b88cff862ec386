import { parentPort, workerData } from "node:worker_threads";
import { errorReport } from "../util/error-report.js";
import { type Ggml, openGgml } from "./ggml-native.js";
import type { NativeReply, NativeTask } from "./native-task.js";
import { runNativeTask } from "./run-native-task.js";

const { library } = workerData as { library: string };
let ggml: Ggml | undefined;

parentPort?.on("message", (task: NativeTask) => {
  const reply = answer(task);
  const moved = "result" in reply && reply.result instanceof Uint8Array ? [reply.result.buffer] : [];
  parentPort?.postMessage(reply, moved);
});

function answer(task: NativeTask): NativeReply {
  try {
    // Opened on first use, so that a failure to load becomes a reply.
    ggml ??= openGgml(library);
    return { result: runNativeTask(ggml, task) };
  } catch (error) {
    return { failure: errorReport(error) };
  }
}
