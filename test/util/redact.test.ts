import { expect, test } from "vitest";
import { errorReport } from "../../src/util/error-report.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { quote } from "../../src/util/quote.js";
import { hasSecret, hasUrlCredentials, redact, redactAddress, redactAlways } from "../../src/util/redact.js";

const secret = "s3cr3t";

test.each([
  `https://user:${secret}@host/x`,
  `htp://user:${secret}@host`,
  `git+https://${secret}@github.com/a/b`,
  `git+ssh://user:${secret}@host/a`,
  `socks5://user:p@${secret}@host:1`,
  `http://user:p/${secret}@host:3128`,
  `http://user:1/${secret}@host:3128`,
  `http://user:p@a/${secret}@host:3128`,
  `http://user:${secret}?x#y@host`,
  `https://host/file?X-Amz-Signature=${secret}`,
  `git+ssh://git@host/x?token=${secret}`,
  `s3://host?${secret}`,
  `HTTPS://host/a?${secret}#b`,
  `https://host/a#access_token=${secret}&b`,
  `https:/user:${secret}@host/x`,
  `/folder/https:/user:p/${secret}@host/x`,
  `/folder/https:/${secret}@host/x`,
  `/folder/htp:/user:${secret}@host/x`,
  `/folder/https:/host/x?${secret}`,
  `//user:${secret}@host/x`,
  `/user:${secret}@host/x`,
  `/folder/user:${secret}@host.example:path`,
  `https://user:pa ${secret}@host/x`,
  `https://first.last:${secret} of words@host`,
  `//user:pa ${secret}@host`,
  `${"long-".repeat(20)}scheme://user:${secret}@host`,
])("no message contains the credentials of %s", (url) => {
  const text = `reading "${url}": refused, see https://host.example/@scope/name`;
  expect(redact(text)).not.toContain(secret);
  expect(redact(text)).toMatch(/^reading ".*(?:host|github).*": refused, see https:\/\/host.example\/@scope\/name$/);
  const error = new QuantsmithError("QS-USAGE", text, { remedy: text, output: text });
  expect(JSON.stringify(errorReport(error))).not.toContain(secret);
});

test.each([
  `hf:user:${secret}@host/x`,
  `hf:user:p/${secret}@host/x`,
  `user:${secret}@host.example`,
  `user:${secret}@127.0.0.1`,
  `https://user:${secret.repeat(30)}@host/x`,
  `hf:user:${secret.repeat(30)}@host/x`,
  `git@host.example:x?token=${secret}`,
  `host.example/x?a=b&api_key=${secret}`,
  `ghp_${secret.repeat(6)}`,
  `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
])("no quoted argument contains the secret of %s", (argument) => {
  expect(quote(argument)).not.toContain(secret);
  expect(redact(`invalid value ${argument}`)).not.toContain(secret);
});

test.each([
  "hf:org/name@0123456789ab",
  "mailto:me@host.example",
  "npm:quantsmith@0.1.0",
  "ghcr.io/me/image:tag@sha256:0123456789ab",
  "ssh://git@host.example/a",
  "recipe.yaml:2:18: QS-FETCH-SPLIT",
  "http://localhost:8080/models/a@b",
  "http://127.0.0.1:8080/models/a@b",
  "https://host.example:8443/api/models/a@b",
  "https://host.example/a@b",
  "cannot read hf_quant_config.json",
  "is that right? See https://host.example/a#token-types",
  "pkg:npm/quantsmith@0.1.0",
  "see http://host:8080 or me@host.example",
  "see https://host.example: or me@host.example",
  "/usr/lib:/opt/a@1.2/lib",
  "a//b and c:/d",
])("%s has no credentials", (text) => {
  expect(redact(text)).toBe(text);
  expect(hasUrlCredentials(text)).toBe(false);
});

test.each([
  ["password=s3cr3t", "password=[redacted]"],
  ["HF_TOKEN=s3cr3t, AWS_SECRET_ACCESS_KEY=s3cr3t", "HF_TOKEN=[redacted] AWS_SECRET_ACCESS_KEY=[redacted]"],
  ["https://h/x;token=s3cr3t", "https://h/x;token=[redacted]"],
  ["eos_token=</s> token=128009 --token= tokenizer=llama", "eos_token=</s> token=128009 --token= tokenizer=llama"],
])("after its name: %s", (text, shown) => {
  expect(redact(text)).toBe(shown);
});

test("a secret of any format that this process knows is redacted, but not a short text", () => {
  redactAlways("t0ken-of.a~mirror");
  redactAlways("short");
  expect(redact("sent t0ken-of.a~mirror, a short one")).toBe("sent [redacted], a short one");
});

test("JSON web tokens are redacted, also without a signature", () => {
  expect(redact("token=eyJhbGc.eyJzdWI-_.c2ln in eyJhbGc.eyJzdWI.")).toBe("token=[redacted] in [redacted].");
});

test.each([`hf_${"a".repeat(34)}`, `hf_oauth_ey-Jh_x.eyJz_-b.${secret}`, `hf_jwt_eyJh.b.${secret}`])(
  "the token %s is redacted as a whole",
  (token) =>
    expect(redact(`token ${token}, and hf: "${token}".`)).toBe('token hf_[redacted], and hf: "hf_[redacted]".'),
);

test.each([
  `user:${secret}@host`,
  `htp://user:${secret}@host`,
  `htp:/user:${secret}@host`,
  `http://u:p/${secret}@host`,
])("the setting %s is shown without credentials", (address) => {
  expect(redactAddress(address)).not.toContain(secret);
  expect(redactAddress(address)).toMatch(/\[redacted\]@host$/);
});

// A quadratic search takes a minute of each.
test.each([
  "a://",
  "a://b:",
  "a://b:8080/",
  "a://?",
  "a://x@",
  "a://git@",
  "eyJ",
  "eyJa.",
  "sk-",
  "hf_",
  "token=",
  "a:",
  "SG.",
  "sk_live_",
  "**password:** ",
  "api key",
  "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: a\n",
])("a long text of %j is searched in linear time", (part) => {
  const text = part.repeat(500_000 / part.length);
  expect(redact(text)).toBeTypeOf("string");
  expect(hasSecret(text)).toBeTypeOf("boolean");
});
