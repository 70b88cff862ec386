/** Folders that training programs write to or read from. An account of such a name on the Hub is not meant. */
const folders =
  "outputs?|output_dir|out|checkpoints?|ckpts?|runs?|results?|data|datasets?|models?|weights|saves?|logs|experiments?|work|workdir|workspace|scratch|te?mp|local|home|mnt|content";

/** A path with backslashes or from a named place, in one of these folders, to a checkpoint of training, or to a file. */
const paths = [
  /^[.~$]|\\/,
  new RegExp(`^(?:${folders})/`, "i"),
  /(?:^|\/)(?:checkpoint|ckpt|global_?step)[-_ ]?\d+\/?$/i,
  /\.(?:jsonl?|csv|tsv|txt|xml|xlsx?|parquet|arrow|feather|np[yz]|pkl|pickle|db|sqlite3?|zip|tar|tgz|gz|bz2|xz|zst|7z)$/i,
  /\.(?:safetensors|gguf|ggml|bin|pth?|ckpt|onnx|h5|msgpack|ya?ml|py|ipynb)$/i,
  // More folders than `org/name` has.
  /[^/]\/+[^/]+\/+[^/]/,
] as const;

const hubPages = "api|blog|collections|docs|learn|papers|posts|spaces";
const repositoryParts = "blob|commits?|discussions|raw|resolve|tree|viewer";

/** An address on huggingface.co: `org/name`, and a path after it that is no page of a repository. */
const hubAddress = new RegExp(
  `^https?://huggingface\\.co/(?!(?:${hubPages})/|datasets/[^/]+/?$)(?:datasets/)?([^/?#]+/[^/?#]+(?:/(?!(?:${repositoryParts})(?:/|$))[^?#]+)?)`,
  "i",
);

/** The start of an address, also without its scheme. */
const address = /^(?:[a-z][a-z\d+.-]*:\/\/|(?:[a-z\d-]+\.)+(?:ai|app|cn|co|com|dev|edu|eu|gov|io|net|org)\/)/i;

/**
 * Returns true for a base model or a data set that is a relative path, as training programs write it for a local one, or the
 * address that llama.cpp's converter makes of it. False for `org/name`, `name`, an address and a text.
 */
export function isPathOrigin(value: string): boolean {
  const text = value.trim();
  const name = hubAddress.exec(text)?.[1] ?? (address.test(text) ? "" : text);
  return paths.some((path) => path.test(name.replace(/[a-z][a-z\d+.-]*:\/\/\S+/gi, "x")));
}

/** Returns true for a tag with such a path, also after its kind, as PEFT writes: `base_model:adapter:outputs/x`. */
export function isPathTag(value: string): boolean {
  const [, kind = "", rest = ""] = /^((?:[\w-]+:(?!\/\/))*)(.*)$/s.exec(value.trim()) ?? [];
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
