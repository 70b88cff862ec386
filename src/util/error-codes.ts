/**
 * Every permanent error code with its exit code (2 usage or recipe, 3 gate or smoke, 4 environment, 5 Hub or network,
 * 1 internal) and one line of documentation. Codes are never renamed or reused.
 */
export const errorCodes = {
  // usage
  "QS-USAGE": { exit: 2, about: "The command line is invalid." },
  "QS-STRICT": { exit: 2, about: "`--strict`: there are warnings, so nothing was released." },
  "QS-SERVE-PORT": { exit: 4, about: "The port of `serve` is in use or not allowed." },
  // recipe and pipeline files (src/recipe)
  "QS-RECIPE-MISSING": { exit: 2, about: "The recipe file does not exist or cannot be read." },
  "QS-RECIPE-EMPTY": { exit: 2, about: "The recipe file is empty." },
  "QS-RECIPE-YAML": {
    exit: 2,
    about: "The file is not valid YAML, or exceeds a limit of size, depth or alias expansion.",
  },
  "QS-RECIPE-INVALID": { exit: 2, about: "The recipe does not match the schema, or its parts contradict each other." },
  "QS-RECIPE-TOKEN": {
    exit: 2,
    about: "A text of the recipe contains an access token or a private key, which the release would publish.",
  },
  "QS-RECIPE-MODELS": {
    exit: 2,
    about: "The recipe lists several `models`, and the command takes one.",
  },
  "QS-RECIPE-LABEL": {
    exit: 2,
    about:
      "The Hub does not recognize a quantization label in a variant's name, or a runtime resolves the name to another file.",
  },
  // several recipes in one run (src/queue)
  "QS-QUEUE-MISSING": { exit: 2, about: "The queue file does not exist or cannot be read." },
  "QS-QUEUE-INVALID": { exit: 2, about: "The queue file does not match its schema." },
  "QS-QUEUE-CLASH": { exit: 2, about: "Two models of a queue have the same release name or publish target." },
  "QS-QUEUE-DISK": {
    exit: 4,
    about: "A model of a queue does not fit `maxDisk`, also without the published releases and steps.",
  },
  "QS-QUEUE-LOCK": { exit: 4, about: "Another process took over the queue because this one stalled." },
  "QS-QUEUE-FILE": { exit: 4, about: "The queue's status file cannot be used." },
  "QS-PIPELINE-MISSING": { exit: 2, about: "The recipe names a pipeline that does not exist." },
  "QS-PIPELINE-INVALID": { exit: 2, about: "The pipeline file does not match its schema." },
  "QS-CATALOG-MISSING": { exit: 2, about: "A device catalog cannot be read." },
  "QS-CATALOG-INVALID": {
    exit: 2,
    about: "A device catalog does not match its schema, or a figure lacks its source.",
  },
  "QS-DEVICE-UNKNOWN": { exit: 2, about: "The catalog does not contain the device." },
  "QS-DEVICE-CUSTOM": { exit: 2, about: "A `custom:` device is invalid." },
  // files that `init` writes (src/cli/init)
  "QS-INIT-EXISTS": {
    exit: 2,
    about: "`init` or `schema --write` would overwrite a file that was edited or not written by quantsmith.",
  },
  // reading GGUF files (src/gguf)
  "QS-GGUF-MISSING": { exit: 2, about: "The GGUF file does not exist, is not a regular file or cannot be read." },
  "QS-GGUF-INVALID": { exit: 2, about: "The GGUF header violates the format or a safety limit." },
  "QS-GGUF-TRUNCATED": { exit: 2, about: "The GGUF file is shorter than its header requires." },
  "QS-IMATRIX-INVALID": { exit: 2, about: "The imatrix is damaged or does not fit the model." },
  // editing GGUF metadata (src/gguf/edit)
  "QS-EDIT-KEY": { exit: 2, about: "A metadata key is missing, or cannot be edited without a new conversion." },
  "QS-EDIT-VALUE": { exit: 2, about: "A metadata value does not match its key's type, or the type is unknown." },
  "QS-EDIT-PART": { exit: 2, about: "The GGUF file to edit is a later split, which has no metadata of the model." },
  "QS-EDIT-TEMPLATE": {
    exit: 2,
    about: "A chat template cannot be read, is not a Jinja template or does not render a user's message.",
  },
  "QS-EDIT-CHANGED": { exit: 4, about: "Another process changed the GGUF file during an edit." },
  "QS-EDIT-JOURNAL": { exit: 4, about: "The journal of an interrupted edit is not of this file as it is now." },
  "QS-EDIT-READ-ONLY": { exit: 4, about: "The GGUF file to edit is read-only, or is in a Hugging Face cache." },
  "QS-COMPUTE-BASE": { exit: 4, about: "The memory is too small for evaluating the base model." },
  // ggml in this process, type allocation (src/quant)
  "QS-GGML-LOAD": { exit: 4, about: "The ggml library cannot be loaded." },
  "QS-GGML-VALUES": { exit: 2, about: "A tensor contains values that cannot be quantized." },
  "QS-GGML-IMPORTANCE": { exit: 2, about: "A tensor type requires an imatrix, and none is given." },
  "QS-ALLOCATE-BUDGET": { exit: 2, about: "The smallest allowed types exceed the budget." },
  "QS-ALLOCATE-DEVICE": { exit: 2, about: "No combination of types fits the device at the requested context." },
  "QS-ALLOCATE-TYPES": { exit: 2, about: "The device computes none of the allowed types at full speed." },
  "QS-ALLOCATE-CHOICE": { exit: 2, about: "A tensor rule names a type that the tensor cannot have." },
  // devices of llama.cpp's tools (src/llamacpp/compute)
  "QS-COMPUTE-DEVICE": { exit: 4, about: "The device to compute on does not exist, or no longer does." },
  "QS-COMPUTE-BACKEND": { exit: 4, about: "The backend to compute with is not installed, or does not load." },
  "QS-COMPUTE-MEMORY": { exit: 4, about: "The device's memory is too small for the model, even with fewer layers." },
  "QS-COMPUTE-LOST": { exit: 4, about: "The device or its driver failed during a computation." },
  // local checkpoint folders (src/stages/fetch)
  "QS-FETCH-MISSING": { exit: 2, about: "The model folder does not exist or is not a folder." },
  "QS-FETCH-NO-CONFIG": { exit: 2, about: "The model folder does not contain config.json." },
  "QS-FETCH-CONFIG": { exit: 2, about: "config.json is not a JSON object or does not name an architecture." },
  "QS-FETCH-NO-WEIGHTS": { exit: 2, about: "The model folder contains no weights that the converter can read." },
  "QS-FETCH-PICKLE": { exit: 2, about: "The model's weights are pickle files, which can run code when opened." },
  "QS-FETCH-SAFETENSORS": { exit: 2, about: "A safetensors file is truncated or contradicts its own header." },
  "QS-FETCH-INDEX": { exit: 2, about: "The weight index is missing, invalid or contradicts the shards." },
  "QS-FETCH-ADAPTER": {
    exit: 2,
    about: "The model folder or repository contains an adapter, such as LoRA, instead of a model.",
  },
  "QS-FETCH-WRAPPED": {
    exit: 2,
    about: "The names of the weights are those of a training framework's wrapper (PEFT, torch.compile, DDP, FSDP).",
  },
  "QS-FETCH-NOT-MODEL": {
    exit: 2,
    about: "The GGUF source is not a language model: a projector, an adapter, an imatrix or a vocabulary.",
  },
  "QS-FETCH-QUANTIZED": { exit: 2, about: "The GGUF source is already quantized." },
  "QS-FETCH-METADATA": {
    exit: 2,
    about: "llama.cpp does not load the metadata of the GGUF source, or ignores it, or the tensors contradict it.",
  },
  "QS-FETCH-SPLIT": { exit: 2, about: "A split of the GGUF source is missing, or belongs to another file." },
  "QS-FETCH-NAN": {
    exit: 2,
    about: "The weights contain NaN, infinity, a scale of FP8 or integers of 256 or more, or a negative one of FP8.",
  },
  "QS-FETCH-LINK": {
    exit: 2,
    about: "A file of the model folder is not a regular file, or is a link to a place outside the folder.",
  },
  "QS-LFS-POINTER": { exit: 2, about: "A file is a Git LFS pointer instead of its content." },
  // llama.cpp: tools, converter, Python (src/llamacpp)
  "QS-TOOL-MISSING": {
    exit: 4,
    about: "The llama.cpp tools are missing, and so is a compiler or git to build them.",
  },
  "QS-TOOL-SETTING": { exit: 4, about: "The folder in QUANTSMITH_LLAMA_CPP lacks a tool." },
  "QS-TOOL-ROUNDING": { exit: 4, about: "`rounding: feedback` needs programs that the llama.cpp in use lacks." },
  "QS-TOOL-PROBES": { exit: 4, about: "Probes of dynamic variants need a program that the llama.cpp in use lacks." },
  "QS-TOOL-CHAT": { exit: 4, about: "Rendering a chat template needs a program that the llama.cpp in use lacks." },
  "QS-TOOL-VISION": { exit: 4, about: "Pictures in smoke tests need a program that the llama.cpp in use lacks." },
  "QS-TOOL-PACKAGE": {
    exit: 4,
    about: "The npm package with llama.cpp, or its part for this platform, is missing.",
  },
  "QS-TOOL-BUILD": { exit: 4, about: "Compiling the llama.cpp tools failed." },
  "QS-TOOL-BROKEN": { exit: 4, about: "A native tool cannot be started." },
  "QS-TOOL-CONVERTER": { exit: 4, about: "The llama.cpp in use does not include its converter." },
  "QS-TOOL-ARGUMENT": { exit: 1, about: "A file name cannot be passed to a native tool (a bug in quantsmith)." },
  "QS-PYTHON-MISSING": { exit: 4, about: "Python 3.10 or newer was not found." },
  "QS-PYTHON-PACKAGES": {
    exit: 4,
    about: "The Python in QUANTSMITH_PYTHON lacks packages that the converter requires.",
  },
  "QS-PYTHON-INSTALL": { exit: 4, about: "Installing the converter's Python packages failed." },
  "QS-ENV-OOM": { exit: 4, about: "A native tool ran out of memory or was killed by the system." },
  "QS-DISK-FULL": { exit: 4, about: "The disk became full during a write." },
  "QS-CONVERT-ARCHITECTURE": { exit: 2, about: "llama.cpp cannot convert this architecture." },
  "QS-CONVERT-MTP": {
    exit: 2,
    about: "The recipe's `convert.mtp` requires layers that the checkpoint lacks, or options that the converter lacks.",
  },
  "QS-CONVERT-QUANTIZED": {
    exit: 2,
    about: "llama.cpp's converter does not read the checkpoint's quantized weights.",
  },
  "QS-CONVERT-PRETOKENIZER": { exit: 2, about: "llama.cpp does not recognize the model's BPE pre-tokenizer." },
  "QS-CONVERT-TOKENIZER": { exit: 2, about: "The model's tokenizer is missing or unreadable." },
  "QS-CONVERT-TOKEN": {
    exit: 2,
    about:
      "The model's chat template or vocabulary contains an access token or a private key, which the release would publish.",
  },
  "QS-CONVERT-CONFIG": { exit: 2, about: "config.json or a file beside it contains a value that cannot be converted." },
  "QS-CONVERT-CODE": { exit: 2, about: "The checkpoint has Python code, which is never run." },
  "QS-CONVERT-NATIVE": {
    exit: 2,
    about: "The native converter does not support this kind of model; llama.cpp's converter may.",
  },
  "QS-CONVERT-WEIGHTS": {
    exit: 2,
    about: "The checkpoint's weights are missing, truncated or contradict their index.",
  },
  "QS-CONVERT-OVERFLOW": {
    exit: 2,
    about: "A value of the weights is not finite in the type that it is converted to.",
  },
  "QS-CONVERT-ADAPTER": {
    exit: 2,
    about: "The LoRA adapter is incomplete, or contains what llama.cpp or a GGUF file cannot express.",
  },
  "QS-CONVERT-MEMORY": { exit: 4, about: "The converter ran out of memory." },
  "QS-CONVERT-FAILED": { exit: 4, about: "The converter failed for an unknown reason." },
  "QS-CALIBRATE-TEXT-SHORT": { exit: 2, about: "The calibration text is shorter than two contexts of tokens." },
  "QS-CALIBRATE-NAN": { exit: 2, about: "The model computes NaN during calibration." },
  "QS-CALIBRATE-FAILED": { exit: 4, about: "llama-imatrix failed for an unknown reason." },
  "QS-QUANTIZE-IMATRIX": {
    exit: 2,
    about: "A tensor's type requires an imatrix, or the imatrix does not fit the model.",
  },
  "QS-QUANTIZE-REQUANTIZE": {
    exit: 2,
    about: "A rule would quantize a tensor again that the source already has in a quantized type.",
  },
  "QS-QUANTIZE-LARGER": { exit: 2, about: "A variant would be larger than its quantized source, and not better." },
  "QS-QUANTIZE-TYPE": { exit: 2, about: "llama-quantize does not support a preset or tensor type." },
  "QS-QUANTIZE-FAILED": { exit: 4, about: "llama-quantize failed for an unknown reason." },
  "QS-SPLIT-FAILED": { exit: 4, about: "A variant could not be split, or its splits differ from it." },
  "QS-VALIDATE-NONE": { exit: 2, about: "No category of the evaluation could be measured." },
  "QS-VALIDATE-TEXT-SHORT": { exit: 2, about: "The evaluation text is shorter than two contexts of tokens." },
  "QS-VALIDATE-NAN": { exit: 3, about: "A model's perplexity or KLD is NaN." },
  "QS-VALIDATE-STRUCTURE": { exit: 3, about: "A variant's file is damaged; llama.cpp did not load it." },
  "QS-VALIDATE-LOAD": { exit: 4, about: "llama.cpp cannot load a model to measure." },
  "QS-VALIDATE-FAILED": { exit: 4, about: "llama-perplexity failed for an unknown reason." },
  "QS-TASK-FILE": { exit: 2, about: "A file of questions does not have the format of its task." },
  "QS-TASK-CONTEXT": { exit: 2, about: "A question of a task is too long for llama-perplexity." },
  "QS-SMOKE-RUNTIME": { exit: 4, about: "node-llama-cpp, which runs the smoke tests, does not start." },
  "QS-SMOKE-KILLED": {
    exit: 4,
    about: "Another process killed a smoke test, so the variant has no result.",
  },
  "QS-SMOKE-PICTURE": {
    exit: 2,
    about: "A picture of a smoke prompt is missing or unreadable, or the release has no vision projector.",
  },
  "QS-SMOKE-BASE": {
    exit: 3,
    about: "The base does not run in the smoke test, or ends while a picture is shown to it.",
  },
  // memory (src/llamacpp/memory)
  "QS-MEMORY-MODEL": { exit: 2, about: "llama.cpp cannot set up a model, so its memory is unknown." },
  "QS-FIT-NOTHING": { exit: 2, about: "A folder contains no models." },
  "QS-FIT-RELEASE": { exit: 2, about: "A release.json cannot be read." },
  "QS-MEMORY-RUNTIME": { exit: 4, about: "node-llama-cpp, which simulates memory, does not start." },
  // texts, allocation, packaging, publishing (src/plan, src/stages)
  "QS-TEXT-MISSING": { exit: 2, about: "A corpus names a text file that cannot be read." },
  "QS-INPUT-CHANGED": { exit: 2, about: "An input file changed during a run; results from it were discarded." },
  "QS-TEXT-SIZE": { exit: 2, about: "A corpus names a file that is too large for a text." },
  "QS-TEXT-EMPTY": { exit: 2, about: "A corpus contains no text." },
  "QS-TEXT-ENCODING": { exit: 2, about: "A text is not UTF-8." },
  "QS-TEXT-BINARY": { exit: 2, about: "A corpus names a file that does not contain text." },
  "QS-TEXT-RECORD": { exit: 2, about: "A line of a .jsonl corpus contains neither a text nor messages." },
  "QS-TEXT-HASH": { exit: 2, about: "A text from the Hub does not match the recipe's sha256." },
  "QS-TEXT-ARCHIVE": { exit: 2, about: "An archive is damaged or does not contain the file that a corpus names." },
  "QS-TEXT-CONVERSATION": {
    exit: 2,
    about: "The recipe requires conversations, and the corpus has none or the chat template rejects them.",
  },
  "QS-TEMPLATE-LIMIT": {
    exit: 2,
    about: "The model's chat template exceeds a limit of time, memory or text.",
  },
  "QS-SAMPLE-FAILED": { exit: 4, about: "llama-completion failed to sample a text from the model." },
  "QS-SAMPLE-NOTHING": { exit: 2, about: "The model ends every text immediately, so no text can be sampled." },
  "QS-TEXT-OVERLAP": { exit: 2, about: "Calibration, search and evaluation share a text, so metrics would be biased." },
  "QS-QUANTIZE-RULE": { exit: 2, about: "A manual tensor rule matches no tensor or was not applied." },
  "QS-PACKAGE-NOTHING": { exit: 3, about: "No variant passed, so the release would be empty." },
  "QS-PACKAGE-NAMES": { exit: 2, about: "A runtime resolves a file name of the release to another file, or to none." },
  "QS-GATE-FAILED": { exit: 3, about: "At least one variant failed a gate or a smoke test and was left out." },
  "QS-PUBLISH-RELEASE": { exit: 2, about: "The folder to publish is not a complete release." },
  "QS-PUBLISH-TARGET": { exit: 2, about: "The publish target is missing, invalid or in use." },
  "QS-PUBLISH-RECIPE": {
    exit: 2,
    about: "The release was built from another recipe or source, or from an earlier text of the recipe.",
  },
  "QS-PUBLISH-FOREIGN": {
    exit: 2,
    about:
      "The target contains files, or the release of another model or source, that publishing would replace, or `--sign` finds a signature of somebody else.",
  },
  "QS-PUBLISH-TOKEN": { exit: 5, about: "Publishing to the Hub requires a token, and none is set." },
  "QS-PUBLISH-PUBLIC": {
    exit: 2,
    about: "A private release was requested, or its source is private, and the repository is public.",
  },
  "QS-PUBLISH-OPEN": {
    exit: 2,
    about: "Access to the source of the release is gated, and that to the repository is not.",
  },
  "QS-PUBLISH-CARD": { exit: 2, about: "The Hub does not accept the model card's front matter." },
  "QS-PUBLISH-NAMES": { exit: 2, about: "A runtime would resolve a variant's name to another file of the repository." },
  "QS-PUBLISH-REPO": {
    exit: 2,
    about: "The release was built for another repository, which the commands of its model card name.",
  },
  "QS-PUBLISH-HISTORY": { exit: 2, about: "The history of the releases at the target cannot be read or continued." },
  "QS-PUBLISH-ROLLBACK": {
    exit: 2,
    about: "The commit to roll back to is not one of main, or has no complete release of quantsmith.",
  },
  "QS-PUBLISH-CONFLICT": { exit: 5, about: "Files of the release changed in the repository during publishing." },
  "QS-PUBLISH-VERIFY": { exit: 3, about: "The published release fails its verification at the target." },
  "QS-PUBLISH-STORED": {
    exit: 5,
    about: "A file on the Hub differs from the uploaded one, or a commit that the Hub confirmed is not there.",
  },
  "QS-SIGN-IDENTITY": {
    exit: 4,
    about: "Signing requires an identity, and the environment provides none that can be used.",
  },
  "QS-SIGN-ADDRESS": { exit: 2, about: "The address of a signing service is not valid." },
  "QS-SIGN-SERVICE": { exit: 5, about: "Sigstore did not sign the release." },
  "QS-SIGN-ROOT": { exit: 4, about: "The trust root for signatures cannot be read." },
  "QS-WATCH-RELEASE": { exit: 3, about: "The release whose tensors `watch --apply` would reuse is not valid." },
  "QS-VERIFY-TARGET": { exit: 2, about: "The target to verify is neither a release folder nor a release on the Hub." },
  "QS-VERIFY-EDITED": { exit: 3, about: "`release.json` was edited after packaging, so it cannot be compared." },
  // watching sources (src/watch)
  "QS-WATCH-RECORD": { exit: 3, about: "A release has no readable record of its source." },
  // the Hub (src/hub)
  "QS-HUB-ENDPOINT": { exit: 2, about: "HF_ENDPOINT is not an address to which a token may be sent." },
  "QS-HUB-TOKEN": { exit: 2, about: "The Hub token is invalid or cannot be read." },
  "QS-HUB-UNAUTHORIZED": {
    exit: 5,
    about: "The repository is private or missing, and the token is missing or invalid.",
  },
  "QS-HUB-FORBIDDEN": { exit: 5, about: "The token is not allowed to read or change the repository." },
  "QS-HUB-GATED": { exit: 5, about: "The repository is gated; request access on its page first." },
  "QS-HUB-MISSING": { exit: 5, about: "The repository or file does not exist on the Hub." },
  "QS-HUB-REVISION": { exit: 5, about: "The repository has no such branch, tag or commit." },
  "QS-HUB-RATE-LIMIT": { exit: 5, about: "The Hub's rate limit was exceeded." },
  "QS-HUB-OFFLINE": {
    exit: 5,
    about: "The Hub cannot be reached, or HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set and a file is not cached.",
  },
  "QS-HUB-NETWORK": { exit: 5, about: "The connection to the Hub failed repeatedly." },
  "QS-HUB-CERTIFICATE": { exit: 5, about: "The certificate of the Hub or its storage is not accepted." },
  "QS-HUB-PROXY": { exit: 5, about: "The proxy in HTTPS_PROXY is invalid or refused a connection." },
  "QS-HUB-FAILED": { exit: 5, about: "The Hub or its storage returned an error." },
  "QS-HUB-ANSWER": { exit: 5, about: "A response of the Hub is invalid: unsafe redirects, names or sizes." },
  "QS-HUB-LOCK": { exit: 5, about: "Another process took over a download because this process stalled." },
  "QS-FETCH-HASH": { exit: 5, about: "A downloaded file does not match the Hub's listing." },
  // Hugging Face Jobs (src/hub/jobs, src/engine/executors/hf-jobs)
  "QS-JOBS-SETTING": { exit: 2, about: "A setting of Hugging Face Jobs is missing or invalid." },
  "QS-JOBS-BUCKET": {
    exit: 2,
    about: "The bucket of the output folder is public, or the Hub does not say that it is private.",
  },
  "QS-JOBS-COST": { exit: 2, about: "Jobs could exceed `--max-cost`, or that limit is missing." },
  "QS-JOBS-PRICE": { exit: 5, about: "Prices of jobs cannot be read or are implausible, so no job was started." },
  "QS-JOBS-FLAVOR": { exit: 2, about: "The Hub does not offer this hardware for jobs." },
  "QS-JOBS-REFUSED": { exit: 5, about: "The Hub rejected a job because of permissions, credit, image or bucket." },
  "QS-JOBS-START": { exit: 5, about: "Requests to start a job had no valid answer, and the Hub lists no job of them." },
  "QS-JOBS-FAILED": { exit: 4, about: "A job on the Hub failed without an error report in the store." },
  "QS-JOBS-TIMEOUT": { exit: 4, about: "A job on the Hub exceeded its time limit." },
  "QS-LOCK-MISSING": { exit: 2, about: "`--locked` finds no lock file, or one that cannot be read." },
  "QS-LOCK-MOVED": { exit: 2, about: "`--locked`: an input differs from the lock file." },
  // engine (src/engine)
  "QS-INTERNAL": { exit: 1, about: "A bug in quantsmith." },
  "QS-ENV-FILE": { exit: 4, about: "The system refused to read or write a file." },
  "QS-ENV-LIMIT": {
    exit: 4,
    about: "A limit of the shell (`ulimit`) or of the system is too low: open files, file sizes or processes.",
  },
  "QS-ENV-DEBUG": { exit: 4, about: "With this `NODE_DEBUG`, Node would print tokens and passwords." },
  "QS-ENV-CACHE": { exit: 4, about: "A cache folder cannot be created or written." },
  "QS-ENV-PROC": { exit: 4, about: "/proc is not mounted, so native tools cannot run." },
  "QS-ENV-LOCK": {
    exit: 4,
    about:
      "The path of a lock is occupied by something else or a lock of another user, or the lock was lost while this process stalled.",
  },
  "QS-ENV-OUTPUT": { exit: 4, about: "The output folder cannot be written." },
  "QS-DISK-SPACE": { exit: 4, about: "The disk lacks space for the next step; nothing was written." },
  "QS-STEP-NOT-BUILT": { exit: 2, about: "`--only` names a stage whose inputs are not in the store." },
  "QS-RELEASE-FOREIGN": {
    exit: 4,
    about: "The release folder contains added or changed files, or is the release of another recipe or source.",
  },
  "QS-RELEASE-VARIANTS": {
    exit: 4,
    about:
      "A run would replace a release by one without other variants of the recipe, whose steps failed or were not selected.",
  },
  "QS-WORKER-JOB": {
    exit: 4,
    about: "The store contains no job file for a worker's step, or it is from another version.",
  },
  "QS-WORKER-INPUT": { exit: 4, about: "An input of a worker's step is not in the store." },
  "QS-WORKER-TOOLS": {
    exit: 4,
    about: "A worker's tools differ from those of the plan.",
  },
  "QS-WORKER-COMPUTE": {
    exit: 4,
    about: "A worker's machine lacks the kind of backend for which its step was planned.",
  },
  "QS-WORKER-FAILED": { exit: 4, about: "A job ended without a result or an error report." },
  "QS-WORKER-LOST": { exit: 4, about: "A job was lost repeatedly." },
  "QS-WORKER-CANCELLED": { exit: 4, about: "A job that the run waits for was cancelled." },
  // executors (src/engine/executors)
  "QS-SLURM-MISSING": { exit: 4, about: "Slurm's programs are not on the PATH." },
  "QS-SLURM-CONTROLLER": { exit: 4, about: "Slurm's controller does not respond." },
  "QS-SLURM-REFUSED": { exit: 4, about: "Slurm rejected a job: its partition, limits or options are invalid." },
  "QS-SLURM-TIME": { exit: 4, about: "A job on Slurm exceeded its time limit." },
  "QS-SLURM-MEMORY": { exit: 4, about: "A job on Slurm exceeded its memory limit." },
  "QS-SLURM-JOB": { exit: 4, about: "A job on Slurm failed without an error report." },
  "QS-CACHE-BUSY": { exit: 4, about: "The store cannot be cleaned while a run uses it." },
  "QS-CACHE-OWNER": { exit: 4, about: "The user's cache folder contains programs that another user can replace." },
  "QS-CACHE-OTHER": {
    exit: 4,
    about: "The store to trim contains no step of this recipe's current plan.",
  },
  "QS-INTERRUPTED": { exit: 130, about: "The run was interrupted; the next one continues." },
} as const satisfies Record<string, { exit: 1 | 2 | 3 | 4 | 5 | 130; about: string }>;

export type ErrorCode = keyof typeof errorCodes;
