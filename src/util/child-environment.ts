const secretName = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|PRIVATE_KEY|AUTH/i;

/**
 * Returns the environment for a child process: that of this process without variables whose names suggest a secret.
 * Native tools and converters read hostile files and must not be able to leak tokens.
 */
export function childEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !secretName.test(entry[0]),
  );
  return { ...Object.fromEntries(kept), ...extra };
}
