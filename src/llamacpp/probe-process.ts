import { PassThrough } from "node:stream";
import { lineReader } from "../util/line-reader.js";
import { runSubprocess, type SubprocessResult } from "../util/subprocess.js";
import { missingOwnTool, type ToolRun } from "./tool-run.js";

/** The next line of a program, or its result if it ended before. */
export type Answer = { line: string; result?: never } | { result: SubprocessResult };

/** A running `llama-probe`, which answers each request with one line. */
export class ProbeProcess {
  readonly args: readonly string[];
  readonly #requests = new PassThrough();
  readonly #stop = new AbortController();
  readonly #end: Promise<SubprocessResult>;
  #onLine: ((line: string) => void) | undefined;

  /** Starts the program, which loads the model in the background. Throws QS-TOOL-PROBES. */
  constructor(
    { toolchain, cwd, signal }: Pick<ToolRun, "toolchain" | "cwd" | "signal">,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    const tool = toolchain.tools["llama-probe"];
    if (tool === undefined) throw missingOwnTool("llama-probe");
    this.args = args;
    const readLines = lineReader((line) => this.#onLine?.(line));
    this.#end = runSubprocess({
      ...{ file: tool.path, args, cwd, env, input: this.#requests },
      signal: signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]),
      onText: (text, stream) => {
        if (stream === "stdout") readLines(text);
      },
    });
    // Reported by the next call.
    this.#end.catch(() => {});
  }

  /** Sends one request. Throws the abort reason. */
  async ask(request: string): Promise<Answer> {
    const line = new Promise<Answer>((resolve) => {
      this.#onLine = (line) => resolve({ line });
    });
    this.#requests.write(`${request}\n`);
    return Promise.race([line, this.#end.then((result) => ({ result }))]);
  }

  /** Ends the program after its last answer. Throws the abort reason. */
  finish(): Promise<SubprocessResult> {
    this.#requests.end();
    return this.#end;
  }

  /** Ends the program at once; does nothing after `finish`. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#requests.destroy();
    await this.#end.catch(() => {});
  }
}
