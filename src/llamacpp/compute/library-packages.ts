const driver = "the NVIDIA driver";

/** A shared library that this machine lacks. */
export interface MissingLibrary {
  /** `libcublas.so.13`. */
  name: string;
  /** The package that contains it; null if unknown. */
  package: string | null;
}

/** Packages of shared libraries. `{N}` is the library's major version, `{M}` a minor one. */
const packages: readonly (readonly [library: RegExp, names: string])[] = [
  [/^lib(?:cuda|nvidia-.*)\.so\./, driver],
  [/^libcudart\.so\.(\d+)$/, "cuda-cudart-{N}-{M} of NVIDIA's repository, or CUDA toolkit {N}"],
  [/^libcublas(?:Lt)?\.so\.(\d+)$/, "libcublas-{N}-{M} of NVIDIA's repository, or CUDA toolkit {N}"],
  [/^libvulkan\.so\.1$/, "libvulkan1 on Debian and Ubuntu, vulkan-loader on Fedora"],
  [/^libstdc\+\+\.so\.6$/, "libstdc++6 on Debian and Ubuntu, libstdc++ on Fedora"],
  [/^libgcc_s\.so\.1$/, "libgcc-s1 on Debian and Ubuntu, libgcc on Fedora"],
];

/** Minor versions of CUDA whose packages exist in NVIDIA's repositories. */
const minorVersions: Readonly<Record<string, string>> = { 12: "8", 13: "0" };

/** Returns a shared library with the package that contains it. */
export function missingLibrary(name: string): MissingLibrary {
  for (const [pattern, found] of packages) {
    const match = pattern.exec(name);
    if (match === null) continue;
    const major = match[1] ?? "";
    return { name, package: found.replaceAll("{N}", major).replaceAll("{M}", minorVersions[major] ?? "0") };
  }
  return { name, package: null };
}

/** Returns "libcublas.so.13 (libcublas-13-0 …) and libcuda.so.1 (the NVIDIA driver)". */
export function describeMissing(missing: readonly MissingLibrary[]): string {
  return missing.map((each) => (each.package === null ? each.name : `${each.name} (${each.package})`)).join(" and ");
}
