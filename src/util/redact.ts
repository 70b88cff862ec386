/*
 * All of these need time linear in a text's length, also of a hostile one: a pattern that starts anywhere does not look beyond
 * the next place where it may start, or only a limited number of characters.
 */

/** The start of an address: with any scheme, or with one slash as in a path that was made of the address. */
const start = String.raw`(?:[a-z0-9+.-]:\/|\b(?:https?|s?ftps?|ssh|wss?|s3|(?:git|hg|svn)(?:\+[a-z]+)?):)\/`;

/** As `start`, or two slashes at the start of a word. */
const wordStart = String.raw`(?:${start}|(?<![^\s"'\`=(,<])\/\/)`;

/** An address up to the colon after a user, in a word: not a host, which has a dot or a number after its colon. */
const addressWithUser = new RegExp(
  String.raw`(${wordStart})(?!localhost:)(?:[^/:@.[\]"']+:|[^/:@"']+:(?!\d+(?:[/?#"']|$)))`,
  "i",
);

const addressStart = new RegExp(start, "i");

/** A user name or password before `@`. */
const urlCredentials = [
  // `git` is the user of every repository by ssh.
  new RegExp(String.raw`(${start})(?!git@)[^\s/"'<>]*@`, "gi"),
  // A password with blanks, which its user did not encode.
  new RegExp(
    String.raw`(${wordStart})(?!localhost:)[^\s/:@[\]"'<>]{1,200}:(?!\d+(?:\W|$))[^\s@"'<>]{1,100}(?: [^\s@"'<>]{1,100}){1,4}@(?=[a-z\d])`,
    "gi",
  ),
  // Without a scheme, before a host; not an address for mail, an alias of npm or an image with its digest.
  /((?:^|[\s"'`=(,/])(?:hf:)?)(?!mailto:)[^\s/:@"'`=(,]{1,200}:[^\s/@"'`]{1,200}@(?!sha256:)(?=[a-z][\w-]*[.:/]|\d+(?:\.\d+){3})/gi,
  /(\bhf:)[^\s/:@"']{1,200}:\S{0,200}@/gi,
] as const;

/** Formats of access tokens: */
const tokens = [
  // of the Hub and of GitHub,
  /\bhf_(?:(?:oauth|jwt)_[\w-]|[A-Za-z0-9]){20,}/,
  /\bapi_org_[A-Za-z]{20,}|\bgh[oprsu]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{22,}/,
  // of OpenAI and others, but no name of words, as `sk-translated-texts`,
  /\bsk-(?:[\w-]{0,64}-)?(?=[A-Za-z]*\d)[A-Za-z0-9]{20,}[\w-]*/,
  // of GitLab, AWS, Slack, npm and Google,
  /\bgl(?:pat|dt|rt|ptt)-[\w-]{20,}|\b(?:AKIA|ASIA)(?=[A-Z]*\d)[A-Z0-9]{16}\b/,
  /\bxox[abeprs]-\d[\w-]{5,}|\bnpm_[A-Za-z0-9]{36,}|\bAIza[\w-]{35}/,
  // JSON web tokens and private keys.
  /\.eyJ(?<=eyJ[\w-]+\.eyJ)[\w-]+|-----BEGIN [A-Z ]*PRIVATE KEY-----[\w+/=\s\\-]*/,
] as const;
const secrets = new RegExp(tokens.map(({ source }) => source).join("|"), "g");

/** Parameters of an address that are a password, a token or a signature, with their values. */
const secretParameters =
  /([?&#](?:sig|key|auth|[\w-]{0,64}(?:token|signature|secret|passw|api_?key|credential)[\w-]{0,64})=)[^\s"'&]*/gi;

/** A password or token after its name, as in `HF_TOKEN=…`; not a special token (`eos_token=</s>`, `eos_token=2`). */
const secretAssignments =
  /(?<![\w-])([\w-]{0,64}(?:passw(?:or)?d|passphrase|(?:token|secret|api_?key|access_?key|credentials?)(?!=\d+\b))=)[^\s"'=<>[\](){}][^\s"']*/gi;

/** A password or key of six characters or more after its name and a colon. */
const secretFields =
  /(?<![\w-])[\w-]{0,64}(?:passw(?:or)?d|passphrase|secret|api[_-]?key|(?:access|auth|api|hf)[_-]token)["'`]?:\s{0,4}["'`]?([^\s"'`=<>[\](){}$][^\s"'`<>]{5,})/gi;

/** A word, a placeholder (`YOUR_KEY`) or an address in place of a password. */
const noSecret = /^(?:[A-Z]?[a-z]+|[A-Z]+(?:_[A-Z]+)*)[.,;:!?)*]*$|^https?:\/\//;

/** Secrets of this process in any format, such as the token of another Hub. */
const ownSecrets = new Set<string>();

/** Makes `redact` remove a secret of any format of at least eight characters, for the rest of the process. */
export function redactAlways(secret: string): void {
  if (secret.length >= 8) ownSecrets.add(secret);
}

/** Removes tokens, credentials in URLs, and the query of every URL since it may be presigned, from text to show or store. */
export function redact(text: string): string {
  const withoutTokens = [...ownSecrets]
    .reduce((shown, secret) => shown.replaceAll(secret, "[redacted]"), text)
    // Those of apps are JSON web tokens: `hf_oauth_ey….ey….…`. Names such as hf_quant_config.json stay.
    .replace(/\bhf_(?:(?:oauth|jwt)_[\w-]+(?:\.[\w-]+)*|(?![a-z]+_)[A-Za-z0-9]{4,})/g, "hf_[redacted]")
    // Other JSON web tokens, such as those for signing: three parts, the first two JSON in base64.
    .replace(/(?<![\w-])((?:(?!eyJ)[\w-])*)eyJ[\w-]+\.eyJ[\w-]+(?:\.[\w-]+)?/g, "$1[redacted]")
    .replace(/(\bBearer\s+)[^\s"']+/gi, "$1[redacted]")
    .replace(secrets, "[redacted]");
  return urlCredentials
    .reduce((shown, pattern) => shown.replace(pattern, "$1[redacted]@"), withoutTokens.replace(/\S+/g, withoutUser))
    .replace(/[^\s"']+/g, withoutQuery)
    .replace(secretParameters, "$1[redacted]")
    .replace(secretAssignments, "$1[redacted]");
}

/** Removes user and password of an address in a word; the password may contain `@`, or `/`, which its user did not encode. */
function withoutUser(word: string): string {
  const last = word.lastIndexOf("@");
  const found = last === -1 ? null : addressWithUser.exec(word);
  if (found === null || found.index + found[0].length > last) return word;
  return `${word.slice(0, found.index)}${found[1]}[redacted]${word.slice(last)}`;
}

function withoutQuery(word: string): string {
  const address = word.search(addressStart);
  const query = address === -1 ? -1 : word.indexOf("?", address);
  return query === -1 || query + 1 === word.length ? word : `${word.slice(0, query)}?[redacted]`;
}

/** Redacts a setting that should be an address, such as a proxy; it may lack the scheme or have a wrong one. */
export function redactAddress(address: string): string {
  return redact(address.replace(/^(\w+:\/\/)?.*@/s, "$1[redacted]@"));
}

/** Returns the place of the first access token or private key in a text; -1 without one. */
export function findToken(text: string): number {
  return text.search(secrets);
}

/** True if a text contains a URL with a user name or password. */
export function hasUrlCredentials(text: string): boolean {
  return text.replace(/\S+/g, withoutUser) !== text || urlCredentials.some((pattern) => text.search(pattern) >= 0);
}

/** True if a text contains a token, a private key, a password after its name, or a URL with credentials or a presigned query. */
export function hasSecret(text: string): boolean {
  return (
    findToken(text) >= 0 ||
    hasUrlCredentials(text) ||
    text.search(secretParameters) >= 0 ||
    text.search(secretAssignments) >= 0 ||
    [...text.matchAll(secretFields)].some(([, value]) => !noSecret.test(value ?? ""))
  );
}
