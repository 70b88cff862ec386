/** SPDX identifiers with an equivalent licence id on the Hub. */
const spdxIds = [
  ...["Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "BSD-3-Clause-Clear", "ISC", "Zlib", "Unlicense", "WTFPL"],
  ...["CC0-1.0", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-ND-4.0"],
  ...["CC-BY-NC-2.0", "CC-BY-NC-3.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-3.0", "CC-BY-NC-ND-4.0"],
  ...["CC-BY-NC-SA-2.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0", "MPL-2.0", "EUPL-1.1", "EUPL-1.2", "AFL-3.0", "MS-PL"],
];

const byHubName = new Map(spdxIds.map((id) => [id.toLowerCase(), id]));

/** Returns the SPDX identifier of a Hub licence; undefined for a licence without one, such as `llama3.2`. */
export function spdxId(license: string): string | undefined {
  return byHubName.get(license.toLowerCase());
}
