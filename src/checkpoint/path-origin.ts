/** Folders that training programs write to or read from. An account of such a name on the Hub is not meant. */
const folders =
  "outputs?|output_dir|out|checkpoints?|ckpts?|runs?|results?|data|datasets?|models?|weights|saves?|logs|experiments?|work|workdir|workspace|scratch|te?mp|local|home|mnt|content";

/** A path with backslashes or from a named place, in one of these folders, to a checkpoint of training, or to a file. */
const paths = [
  /^[.~$]|\\/,
  new RegExp(`^(?:${folders})/`, "i"),
  /(?:^|\/)(?:checkpoint|ckpt|global_?step)[-_ ]?\d+\/?$/i,
  // A file of data, also with the name of its split: `x.jsonl:train`, `x.jsonl[train]`.
  /\.(?:jsonl?|csv|tsv|txt|xml|xlsx?|parquet|arrow|feather|np[yz]|pkl|pickle|db|sqlite3?|zip|tar|tgz|gz|bz2|xz|zst|7z)(?:\s{0,2}(?::[\w-]{1,64}|\[[^\][]{0,64}\]|\([^()]{0,64}\)))?$/i,
  // A document, if the value is a file's name, not a text that ends with it.
  /^\S+\.(?:docx?|odt|rtf|pdf|md|log|html?|sql|pptx?|epub|wav|mp3|flac|mp4|tfrecords?)(?::[\w-]{1,64}|\[[^\][]{0,64}\])?$/i,
  // A folder of the Hub's cache; no repository has two hyphens in its name.
  /(?:^|\/)(?:models|datasets|spaces)--[\w.-]/,
  /\.(?:safetensors|gguf|ggml|bin|pth?|ckpt|onnx|h5|msgpack|ya?ml|py|ipynb)$/i,
  // More folders than `org/name` has.
  /[^/]\/+[^/]+\/+[^/]/,
] as const;

const hubPages = "api|blog|collections|docs|learn|papers|posts|spaces";
const repositoryParts = "blob|commits?|discussions|raw|resolve|tree|viewer";

/** An address on huggingface.co or hf.co. Captures `org/name`, and a path after it unless that leads to a page of the repository. */
const hubAddress = new RegExp(
  `^(?:https?://)?(?:www\\.)?(?:huggingface|hf)\\.co/(?!(?:${hubPages})/|datasets/[^/]+/?$)(?:datasets/)?([^/?#]+/[^/?#]+(?:/(?!(?:${repositoryParts})(?:/|$))[^?#]+)?)`,
  "i",
);

/** The start of an address, also without its scheme. */
const address = /^(?:[a-z][a-z\d+.-]*:\/\/|(?:[a-z\d-]+\.)+(?:ai|app|cn|co|com|dev|edu|eu|gov|io|net|org)\/)/i;

/**
 * Schemes of public addresses, which llama.cpp's converter knows: it puts others after `https://huggingface.co/`. Those of
 * stores and trackers (`s3`, `gs`, `azureml`, `dvc`) name private ones.
 */
const publicScheme = /^(?:https?|ssh)$/;

/** The host of an address: without a dot, in a domain that is not public, */
const privateHost = /^[^.[\]]*$|\.(?:local|localhost|localdomain|internal|intranet|lan|corp|home|private|home\.arpa)$/;
/** or an IP address of a private network. */
const privateIp =
  /^(?:0|10|127|169\.254|172\.(?:1[6-9]|2\d|3[01])|192\.168|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.[\d.]+$|^\[(?![23][\da-f]{3}:)/;

const addressParts = /([a-z][a-z\d+.-]{0,32}):\/\/([^\s/?#"'`<>,;|]*)/gi;
/** As `models:/x/1` or `azureml:x:1`, without a host. */
const hostless = /^(?:(?:models|runs|mlflow-artifacts):\/|azureml:)/i;
const withoutScheme =
  /^(?:localhost(?::\d+)?|[\w.-]+\.(?:local|internal|lan)(?::\d+)?|(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?)\//i;
/** An address that was put after the Hub's: `https://huggingface.co/s3://bucket/x`. */
const hubOfAddress = /^https?:\/\/(?:huggingface|hf)\.co\/(?:datasets\/)?[a-z][a-z\d+.-]*:\//i;

/** Returns true for a text with an address that is not public. */
function hasPrivateAddress(text: string): boolean {
  if (hostless.test(text) || withoutScheme.test(text) || hubOfAddress.test(text)) return true;
  return [...text.matchAll(addressParts)].some(([, scheme = "", authority = ""]) => {
    if (!publicScheme.test(scheme)) return true;
    const host = authority
      .slice(authority.lastIndexOf("@") + 1)
      .replace(/:\d*$/, "")
      .replace(/\.$/, "")
      .toLowerCase();
    return privateHost.test(host) || privateIp.test(host);
  });
}

/** A path in quotes, also within a text. */
const quoted = /(?<![^\s(,:=])["'`“‘]([^\s"'`“”‘’]{1,300})["'`”’]/g;

/**
 * Returns true for a base model or a data set that is a relative path, as training programs write it for a local one, or the
 * address that llama.cpp's converter makes of it, or an address without a public host. False for `org/name`, `name`, a public
 * address and a text.
 */
export function isPathOrigin(value: string): boolean {
  const text = value.trim();
  return [text, ...[...text.matchAll(quoted)].map(([, path = ""]) => path)].some(isPath);
}

function isPath(text: string): boolean {
  if (hasPrivateAddress(text)) return true;
  const name = hubAddress.exec(text)?.[1] ?? (address.test(text) ? "" : text);
  return paths.some((path) => path.test(name.replace(/[a-z][a-z\d+.-]{0,32}:\/\/\S+/gi, "x")));
}

/** Returns true for a tag with such a path, also after its kind, as PEFT writes: `base_model:adapter:outputs/x`. */
export function isPathTag(value: string): boolean {
  const [, kind = "", rest = ""] = /^((?:(?!localhost:\d)[\w-]+:(?!\/\/))*)(.*)$/s.exec(value.trim()) ?? [];
  if (kind === "doi:") return false;
  return isPathOrigin(rest) && (rest.includes("/") || /^(?:base_model|datasets?):/.test(kind));
}

/** Returns true for a link to a licence in a folder of a machine: not beside the card, nor in a usual folder of a repository. */
export function isPathLink(value: string): boolean {
  const text = value.trim().replace(/^(?:\.?\/)+/, "");
  if (address.test(text) || /^[a-z][a-z\d+.-]*:/i.test(text) || /(?:^|\/)(?:blob|raw|resolve)\//.test(text))
    return false;
  return /^(?!(?:docs?|legal|licen[cs]es?)\/)[^/]+\/+[^/]/i.test(text);
}

/** Returns true for a language or the name of a licence with a path to a training program's folder. */
export function isPathLabel(value: string): boolean {
  return (
    /(?:^|[\s"'`(,:=])(?:outputs?|output_dir|checkpoints?|ckpts?|runs?|saves|experiments?|workdir|workspace|scratch)\/[^\s/]/.test(
      value,
    ) || /(?:^|\/)checkpoint-\d+\/?$/.test(value.trim())
  );
}
