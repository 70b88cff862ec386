/**
 * Every permanent error code: its exit code (2 usage or recipe, 3 gate or smoke, 4 environment,
 * 5 Hub or network, 1 internal) and one line of documentation. Codes are never renamed or reused.
 */
export const errorCodes = {
  // usage
  "QS-USAGE": { exit: 2, about: "The command line is wrong." },
  "QS-NOT-YET": { exit: 2, about: "The recipe asks for something this version cannot do yet." },
  // recipe and pipeline files (src/recipe)
  "QS-RECIPE-MISSING": { exit: 2, about: "The recipe file does not exist or cannot be read." },
  "QS-RECIPE-EMPTY": { exit: 2, about: "The recipe file holds nothing." },
  "QS-RECIPE-YAML": { exit: 2, about: "The file is not valid YAML, or is too large, too deep or expands too far." },
  "QS-RECIPE-INVALID": { exit: 2, about: "The recipe does not follow the schema, or its parts contradict each other." },
  "QS-PIPELINE-MISSING": { exit: 2, about: "The recipe names a pipeline that does not exist." },
  "QS-PIPELINE-INVALID": { exit: 2, about: "The pipeline file does not follow its schema." },
  // reading GGUF files (src/gguf)
  "QS-GGUF-MISSING": { exit: 2, about: "The GGUF file does not exist, is not a regular file or cannot be read." },
  "QS-GGUF-INVALID": { exit: 2, about: "The GGUF header breaks a rule of the format or a safety limit." },
  "QS-GGUF-TRUNCATED": { exit: 2, about: "The GGUF file ends before the data its header promises." },
  // local checkpoint folders (src/stages/fetch)
  "QS-FETCH-MISSING": { exit: 2, about: "The model folder does not exist or is not a folder." },
  "QS-FETCH-NO-CONFIG": { exit: 2, about: "The model folder has no config.json." },
  "QS-FETCH-CONFIG": { exit: 2, about: "config.json is not a JSON object or names no architecture." },
  "QS-FETCH-NO-WEIGHTS": { exit: 2, about: "The model folder holds no weights the converter can read." },
  "QS-FETCH-PICKLE": { exit: 2, about: "The model's weights are pickle files, which can run code when opened." },
  "QS-FETCH-SAFETENSORS": { exit: 2, about: "A safetensors file is truncated or contradicts its own header." },
  "QS-FETCH-INDEX": { exit: 2, about: "The index of the weight shards is missing, broken or contradicts the shards." },
  "QS-FETCH-LINK": { exit: 2, about: "A file of the model folder links outside it or is not a regular file." },
  // llama.cpp: tools, converter, Python (src/llamacpp)
  "QS-TOOL-MISSING": {
    exit: 4,
    about: "There are no llama.cpp tools, and a compiler or git to build them is missing.",
  },
  "QS-TOOL-SETTING": { exit: 4, about: "The folder in QUANTSMITH_LLAMA_CPP lacks a tool." },
  "QS-TOOL-PACKAGE": {
    exit: 4,
    about: "The npm package that carries llama.cpp, or its part for this platform, is not there.",
  },
  "QS-TOOL-BUILD": { exit: 4, about: "Compiling llama.cpp's tools failed." },
  "QS-TOOL-BROKEN": { exit: 4, about: "A native tool cannot be started." },
  "QS-TOOL-CONVERTER": { exit: 4, about: "The llama.cpp in use came without its converter." },
  "QS-TOOL-ARGUMENT": { exit: 1, about: "A native tool was about to be given a file name it cannot take; a bug." },
  "QS-PYTHON-MISSING": { exit: 4, about: "No usable Python 3.10 or newer was found." },
  "QS-PYTHON-PACKAGES": { exit: 4, about: "The Python in QUANTSMITH_PYTHON lacks packages the converter needs." },
  "QS-PYTHON-INSTALL": { exit: 4, about: "Installing the converter's Python packages failed." },
  "QS-ENV-OOM": { exit: 4, about: "A native tool ran out of memory or was killed by the system." },
  "QS-DISK-FULL": { exit: 4, about: "The disk filled up while something was written." },
  "QS-CONVERT-ARCHITECTURE": { exit: 2, about: "llama.cpp cannot convert this architecture." },
  "QS-CONVERT-PRETOKENIZER": { exit: 2, about: "llama.cpp does not recognize the model's BPE pre-tokenizer." },
  "QS-CONVERT-TOKENIZER": { exit: 2, about: "The model's tokenizer files are missing or unreadable." },
  "QS-CONVERT-WEIGHTS": { exit: 2, about: "The checkpoint's weights are missing, cut or contradict their index." },
  "QS-CONVERT-MEMORY": { exit: 4, about: "The converter ran out of memory." },
  "QS-CONVERT-FAILED": { exit: 4, about: "The converter failed for a reason not known to us." },
  "QS-CALIBRATE-TEXT-SHORT": { exit: 2, about: "The calibration text is shorter than two contexts of tokens." },
  "QS-CALIBRATE-NAN": { exit: 2, about: "The model computes values that are not numbers during calibration." },
  "QS-CALIBRATE-FAILED": { exit: 4, about: "llama-imatrix failed for a reason not known to us." },
  "QS-QUANTIZE-IMATRIX": { exit: 2, about: "A tensor's type needs an imatrix, or the imatrix does not fit the model." },
  "QS-QUANTIZE-TYPE": { exit: 2, about: "llama-quantize does not know a preset or tensor type." },
  "QS-QUANTIZE-FAILED": { exit: 4, about: "llama-quantize failed for a reason not known to us." },
  "QS-VALIDATE-TEXT-SHORT": { exit: 2, about: "The evaluation text is shorter than two contexts of tokens." },
  "QS-VALIDATE-NAN": { exit: 3, about: "A model gives perplexity or divergence that is not a number." },
  "QS-VALIDATE-LOAD": { exit: 4, about: "llama.cpp cannot load a model it should measure." },
  "QS-VALIDATE-FAILED": { exit: 4, about: "llama-perplexity failed for a reason not known to us." },
  // texts, allocation, packaging, publishing (src/plan, src/stages)
  "QS-TEXT-MISSING": { exit: 2, about: "A corpus names a text file that cannot be read." },
  "QS-TEXT-EMPTY": { exit: 2, about: "A corpus holds no text." },
  "QS-TEXT-ENCODING": { exit: 2, about: "A text is not UTF-8." },
  "QS-TEXT-OVERLAP": { exit: 2, about: "Calibration, search and evaluation share a text, so figures would flatter." },
  "QS-QUANTIZE-RULE": { exit: 2, about: "A manual tensor rule matches nothing or was not honoured." },
  "QS-PACKAGE-NOTHING": { exit: 3, about: "No variant passed, so there is nothing to release." },
  "QS-GATE-FAILED": { exit: 3, about: "At least one variant failed a gate or a smoke test and was left out." },
  "QS-PUBLISH-RELEASE": { exit: 2, about: "The folder to publish is not a whole release." },
  "QS-PUBLISH-TARGET": { exit: 2, about: "The place to publish to is missing, unknown or in use." },
  // the Hub (src/hub)
  "QS-HUB-ENDPOINT": { exit: 2, about: "HF_ENDPOINT is not an address that a token may be sent to." },
  "QS-HUB-ACCESS": {
    exit: 5,
    about: "The Hub refuses access: the token is missing, wrong, or access was not granted.",
  },
  "QS-HUB-MISSING": { exit: 5, about: "The repository, revision or file does not exist on the Hub." },
  "QS-HUB-FAILED": { exit: 5, about: "The Hub answered with an error." },
  "QS-HUB-NETWORK": { exit: 5, about: "The Hub cannot be reached." },
  "QS-FETCH-HASH": { exit: 5, about: "A downloaded file is not what the Hub lists." },
  // engine (src/engine)
  "QS-ENV-OUTPUT": { exit: 4, about: "The output folder cannot be written." },
  "QS-DISK-SPACE": { exit: 4, about: "The disk has too little room for the next step; nothing was written." },
  "QS-STEP-NOT-BUILT": { exit: 2, about: "A step was asked for alone, and what it reads is not in the store." },
  "QS-INTERRUPTED": { exit: 130, about: "The run was interrupted; the next one continues." },
} as const satisfies Record<string, { exit: 1 | 2 | 3 | 4 | 5 | 130; about: string }>;

export type ErrorCode = keyof typeof errorCodes;
