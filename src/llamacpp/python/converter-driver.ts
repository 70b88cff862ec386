import path from "node:path";

/**
 * Python program that runs one of llama.cpp's conversion scripts as if called directly. Network use by any library is
 * an error. So is code that a checkpoint names (`auto_map`): the scripts load tokenizers with `trust_remote_code=True`, for which
 * transformers copies the code from the checkpoint, the Hub cache or any folder to its modules, and executes it there.
 * Tokenizers are read from the checkpoint only: transformers prefers paths in tokenizer_config.json and special_tokens_map.json,
 * such as `vocab_file`, which may be those of any file, and whose lines become tokens. Files of the checkpoint replace them;
 * a tokenizer gets no other path in any of its parameters, also within a list or a dictionary.
 * `conversion/` has no option for a pre-tokenizer, so the function that determines it is replaced.
 */
const driver = `
import os, sys
script, pretokenizer = sys.argv[1:3]
sys.argv[:] = [script, *sys.argv[3:]]
sys.path[0] = os.path.dirname(script)
import functools, re, runpy
network = {"connect", "getaddrinfo", "gethostbyname", "gethostbyaddr", "sendto", "sendmsg"}
modules = os.path.join(os.path.realpath(os.environ["HF_MODULES_CACHE"]), "")
def refuse(event, args):
    if event == "exec" and os.path.realpath(getattr(args[0], "co_filename", "")).startswith(modules):
        raise PermissionError("the converter may not run the checkpoint's code")
    if event.startswith("socket.") and event[7:] in network:
        raise PermissionError("the converter may not use the network")
sys.addaudithook(refuse)
try:
    from transformers import PreTrainedTokenizerBase
    load = PreTrainedTokenizerBase._from_pretrained.__func__
    folders, guarded = set(), set()
    def is_inside(path):
        return any((os.path.abspath(path) + os.sep).startswith(folder) for folder in folders)
    def is_foreign(value):
        is_path = isinstance(value, str) and (os.path.exists(value) or os.sep in value and value[0] != "<")
        return is_path and not is_inside(value)
    def own(value):
        if isinstance(value, dict):
            return {name: own(item) for name, item in value.items() if not is_foreign(item)}
        if isinstance(value, (list, tuple)):
            return type(value)(own(item) for item in value if not is_foreign(item))
        return value
    def is_text(name):
        return re.search("(^|_)tokens?(_decoder)?$|^chat_template$", name)
    def guard(cls):
        init = cls.__init__
        @functools.wraps(init)
        def init_own(self, *args, **kwargs):
            if type(self) is cls:
                args = [None if is_foreign(value) else own(value) for value in args]
                texts = {name: value for name, value in kwargs.items() if is_text(name)}
                kwargs = {**own({name: value for name, value in kwargs.items() if name not in texts}), **texts}
            init(self, *args, **kwargs)
        cls.__init__ = init_own
        guarded.add(cls)
    def load_own(cls, files, folder, *args, **kwargs):
        folders.add(os.path.join(os.path.abspath(folder), ""))
        if any(path and not is_inside(path) for path in files.values()):
            raise PermissionError("the converter may not read files outside the checkpoint")
        read = {"tokenizer_config_file", "special_tokens_map_file", "added_tokens_file"}
        names = [name for name in files if name not in read and not name.startswith("chat_template_")]
        kwargs.update((name, files[name]) for name in names)
        if cls not in guarded:
            guard(cls)
        return load(cls, files, folder, *args, **kwargs)
    PreTrainedTokenizerBase._from_pretrained = classmethod(load_own)
except ImportError:
    pass
if pretokenizer:
    sys.path.insert(1, os.path.join(sys.path[0], "gguf-py"))
    from conversion.base import TextModel
    TextModel.get_vocab_base_pre = lambda self, tokenizer: pretokenizer
runpy.run_path(script, run_name="__main__")
`;

/** Returns Python's arguments for one of llama.cpp's conversion scripts. */
export function driverArguments(script: string, args: readonly string[], pretokenizer?: string): string[] {
  return ["-c", driver, path.resolve(script), pretokenizer ?? "", ...args];
}

/**
 * Returns environment variables that disable the network, token files, the user's site packages and compiled files
 * beside the script, set UTF-8 in any locale, and a Hugging Face cache in the working folder `cwd`. Credentials are never
 * passed.
 */
export function converterEnvironment(threads: number, cwd: string): Record<string, string> {
  const home = path.resolve(cwd, ".huggingface");
  return {
    HF_HOME: home,
    HF_HUB_CACHE: path.join(home, "hub"),
    HF_MODULES_CACHE: path.join(home, "modules"),
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
