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
  // of Docker, PyPI, NVIDIA, Groq, Replicate, Google's logins, Vault and Tailscale,
  /\bdckr_[op]at_[\w-]{20,}|\bpypi-AgE[\w-]{16,}|\bnvapi-(?=[\w-]{0,64}\d)[\w-]{20,}|\bgsk_(?=[A-Za-z]{0,64}\d)[A-Za-z0-9]{32,}/,
  /\br8_[A-Za-z0-9]{32,}|\bya29\.[\w-]{20,}|\bhvs\.[\w-]{20,}|\btskey-[a-z]{1,20}-[A-Za-z0-9]{6,}-[A-Za-z0-9]{3,}/,
  // of Stripe, SendGrid, xAI, DigitalOcean, Shopify, Atlassian and Linear,
  /\b[rs]k_live_[A-Za-z0-9]{16,}|\bwhsec_(?=[A-Za-z+/]{0,64}\d)[A-Za-z0-9+/]{20,}={0,2}|\bSG\.[\w-]{22}\.[\w-]{43}/,
  /\bxai-(?=[A-Za-z]{0,64}\d)[A-Za-z0-9]{24,}|\bdop_v1_[a-f0-9]{64}|\bshpat_[a-fA-F0-9]{32}/,
  /\bATATT3x[\w=-]{20,}|\blin_api_[A-Za-z0-9]{24,}/,
  // addresses that post messages to Slack and Discord,
  /\bhooks\.slack\.com\/services\/\w+\/\w+\/\w{8,}|\bdiscord(?:app)?\.com\/api\/webhooks\/\d+\/[\w-]{20,}/,
  // JSON web tokens and private keys, also of age and PGP.
  /\.eyJ(?<=eyJ[\w-]+\.eyJ)[\w-]+|-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?:\s{0,4}(?:Version|Comment): [^\n]{0,200}\n)*[\w+/=\s\\-]*/,
  /\bAGE-SECRET-KEY-1[A-Z0-9]{20,}/,
] as const;
const secrets = new RegExp(tokens.map(({ source }) => source).join("|"), "g");

/** Parameters of an address that are a password, a token or a signature, with their values. */
const secretParameters =
  /([?&#](?:sig|key|auth|[\w-]{0,64}(?:token|signature|secret|passw|api_?key|credential)[\w-]{0,64})=)[^\s"'&]*/gi;

/** A password or token after its name, as in `HF_TOKEN=…`; not a special token (`eos_token=</s>`, `eos_token=2`). */
const secretAssignments =
  /(?<![\w-])([\w-]{0,64}(?:passw(?:or)?d|passphrase|(?:token|secret|api_?key|access_?key|credentials?)(?!=\d+\b))=)[^\s"'=<>[\](){}][^\s"']*/gi;

/** Between name and value: a colon or `=`, with blanks or quotes, or in bold as Markdown's `**password:** …`. */
const sign = String.raw`(?:\\?["'\`]?\s{0,4}[:=]\s{0,4}\\?["'\`]?|(?::\*\*|\*\*\s{0,4}:)\s{0,4}["'\`]?)`;
const value = String.raw`([^\s"'\`=<>[\](){}$\\][^\s"'\`<>\\]{5,})`;

/** A value after a name, if it can be a secret: a text of six characters or more. */
const namedValue = (names: string, between = sign) =>
  new RegExp(String.raw`((?<![\w-])(?:${names})${between})${value}`, "gi");

/** A word, a placeholder (`YOUR_KEY`) or an address in place of a password. */
const word = /^(?:[A-Z]?[a-z]+|[A-Z]+(?:_[A-Z]+)*)[.,;:!?)*]*$|^https?:\/\//;
/** A call (`getpass()`), a variable (`os.environ["KEY"]`), or one character for all (`xxxxxx`). */
const code = /^[a-z_]+(?:\.[a-z_]+)*[([]|^[a-z_]+(?:\.[a-z_]+)+[,;)]*$|^(.)\1*$/i;
/** Words in place of a key: `not-needed`. */
const words = /^[a-z]+(?:[-_][a-z]+)+[.,;:!?)*]*$/i;
const mixed = /^(?=[^\d]*\d)(?=[^a-z]*[a-z])[^/._]+$/i;
/** Random characters: 20 of three kinds, or digits of a number to the base 16. */
const random =
  /^(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^\d]*\d[^\d]*\d)[A-Za-z\d+/]{20,}={0,2}[.,;)]*$|^(?=[a-f]*\d)(?=\d*[a-f])[a-f\d]{32,63}[.,;)]*$/i;

/** Names of secrets, and which of the values after them are one: the more common the name, the more the value must look so. */
const secretFields: readonly [pattern: RegExp, isSecret: (value: string) => boolean][] = [
  [
    namedValue(String.raw`[\w-]{0,64}(?:passw(?:or)?d|passphrase|secret)`),
    (text: string) => !word.test(text) && !code.test(text),
  ],
  [
    namedValue(
      String.raw`[\w-]{0,64}(?:(?:api|access|account|secret)[_-]?key|api key|(?:access|auth|api|hf|session|refresh)[_-]?token)`,
    ),
    (text: string) => !word.test(text) && !code.test(text) && !words.test(text),
  ],
  [
    namedValue("(?:(?:db|pg|user|root|admin|smtp|ftp|mail|proxy|login|(?:my)?sql|redis)[_-]?)?(?:pass|pwd)"),
    (text: string) => mixed.test(text),
  ],
  [
    namedValue(String.raw`[\w-]{0,64}(?:(?<!public|pub)[_-]key|token|credentials?)`),
    (text: string) => random.test(text),
  ],
  [
    namedValue(String.raw`[\w-]{0,64}(?:api_key|access_key|token|secret|password)`, String.raw`\s{1,4}`),
    (text: string) => random.test(text),
  ],
  [
    namedValue("authorization", String.raw`${sign}(?:basic|bearer|token)\s{1,4}`),
    (text: string) => !word.test(text) && !code.test(text) && !words.test(text),
  ],
  [namedValue("bearer", String.raw`\s{1,4}`), (text: string) => text.length >= 16 && /\d/.test(text)],
];

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
    .replace(/(?<![\w-])[\w-]{1,4000}\.eyJ[\w-]+(?:\.[\w-]+)?/g, withoutWebToken)
    .replace(/(\bBearer\s+)[^\s"']+/gi, "$1[redacted]")
    .replace(secrets, "[redacted]");
  const withoutAddresses = urlCredentials
    .reduce((shown, pattern) => shown.replace(pattern, "$1[redacted]@"), withoutTokens.replace(/\S+/g, withoutUser))
    .replace(/[^\s"']+/g, withoutQuery)
    .replace(secretParameters, "$1[redacted]")
    .replace(secretAssignments, "$1[redacted]");
  return secretFields.reduce(
    (shown, [pattern, isSecret]) =>
      shown.replace(pattern, (all, name: string, text: string) => (isSecret(text) ? `${name}[redacted]` : all)),
    withoutAddresses,
  );
}

/** Removes a JSON web token from a word with its second part. */
function withoutWebToken(word: string): string {
  const first = word.indexOf("eyJ");
  return first < word.indexOf(".") ? `${word.slice(0, first)}[redacted]` : word;
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
    secretFields.some(([pattern, isSecret]) => [...text.matchAll(pattern)].some(([, , found = ""]) => isSecret(found)))
  );
}
