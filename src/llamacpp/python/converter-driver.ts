import path from "node:path";

/**
 * What Python is given in place of one of llama.cpp's conversion scripts, which it then runs as if called directly. Network use
 * is an error whatever library tries it. `conversion/` has no option for a pre-tokenizer, so its one function is replaced.
 */
const driver = `
import os, sys
script, pretokenizer = sys.argv[1:3]
sys.argv[:] = [script, *sys.argv[3:]]
sys.path[0] = os.path.dirname(script)
import runpy
network = {"connect", "getaddrinfo", "gethostbyname", "gethostbyaddr", "sendto", "sendmsg"}
def refuse(event, args):
    if event.startswith("socket.") and event[7:] in network:
        raise PermissionError("the converter may not use the network")
sys.addaudithook(refuse)
if pretokenizer:
    sys.path.insert(1, os.path.join(sys.path[0], "gguf-py"))
    from conversion.base import TextModel
    TextModel.get_vocab_base_pre = lambda self, tokenizer: pretokenizer
runpy.run_path(script, run_name="__main__")
`;

/** Python's arguments for one of llama.cpp's conversion scripts; without a pre-tokenizer the script finds it out itself. */
export function driverArguments(script: string, args: readonly string[], pretokenizer?: string): string[] {
  return ["-c", driver, path.resolve(script), pretokenizer ?? "", ...args];
}

/**
 * No network, no token, no packages from the user's own folders, no compiled files beside the script, UTF-8 whatever
 * the locale. Variables that may hold a token are gone already; these keep the libraries from the files that do.
 */
export function converterEnvironment(threads: number): Record<string, string> {
  return {
    HF_HUB_OFFLINE: "1",
    TRANSFORMERS_OFFLINE: "1",
    HF_HUB_DISABLE_TELEMETRY: "1",
    HF_HUB_DISABLE_IMPLICIT_TOKEN: "1",
    HF_TOKEN_PATH: "/dev/null",
    HF_STORED_TOKENS_PATH: "/dev/null",
    PYTHONUNBUFFERED: "1",
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONNOUSERSITE: "1",
    PYTHONPATH: "",
    PYTHONUTF8: "1",
    OMP_NUM_THREADS: `${threads}`,
  };
}
