const secretName = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|PRIVATE_KEY|AUTH/i;

/**
 * The environment for a child process: this process's own without anything that may be a secret.
 * Native tools and converters read hostile files; a token they cannot see is a token they cannot leak.
 */
export function childEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !secretName.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...extra };
}
