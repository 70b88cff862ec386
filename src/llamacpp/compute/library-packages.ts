const driver = "the NVIDIA driver";

/** Packages of shared libraries: Debian's and Ubuntu's name, then Fedora's. `{N}` is the library's major version, `{M}` a minor one. */
const packages: readonly (readonly [library: RegExp, names: string])[] = [
  [/^lib(?:cuda|nvidia-.*)\.so\./, driver],
  [/^libcudart\.so\.(\d+)$/, "`cuda-cudart-{N}-{M}` of NVIDIA's repository, or CUDA toolkit {N}"],
  [/^libcublas(?:Lt)?\.so\.(\d+)$/, "`libcublas-{N}-{M}` of NVIDIA's repository, or CUDA toolkit {N}"],
  [/^libvulkan\.so\.1$/, "`libvulkan1` (Debian, Ubuntu), `vulkan-loader` (Fedora)"],
  [/^libstdc\+\+\.so\.6$/, "`libstdc++6` (Debian, Ubuntu), `libstdc++` (Fedora)"],
  [/^libgcc_s\.so\.1$/, "`libgcc-s1` (Debian, Ubuntu), `libgcc` (Fedora)"],
];

/** Minor versions of CUDA whose packages exist in NVIDIA's repositories. */
const minorVersions: Readonly<Record<string, string>> = { 12: "8", 13: "0" };

/** Returns the package that contains a shared library (Markdown); undefined if unknown. */
export function packageOf(library: string): string | undefined {
  for (const [pattern, names] of packages) {
    const match = pattern.exec(library);
    if (match === null) continue;
    const major = match[1] ?? "";
    return names.replaceAll("{N}", major).replaceAll("{M}", minorVersions[major] ?? "0");
  }
  return undefined;
}

/** Returns "libcublas.so.13 (`libcublas-13-0` …) and libcuda.so.1 (the NVIDIA driver)". */
export function describeMissing(missing: readonly string[]): string {
  const each = missing.map((library) => {
    const found = packageOf(library);
    return found === undefined ? library : `${library} (${found})`;
  });
  return each.join(" and ");
}
