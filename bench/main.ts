/** `npm run bench [-- <name>…]`: prints ratios measured in one run. No test measures speed or quality. */
const benches: Readonly<Record<string, () => Promise<(print: (line: string) => void) => Promise<void>>>> = {
  convert: async () => (await import("./convert.js")).benchConvert,
  fetch: async () => (await import("./fetch.js")).benchFetch,
  fit: async () => (await import("./fit.js")).benchFit,
  gates: async () => (await import("./gates.js")).benchGates,
  gpu: async () => (await import("./gpu.js")).benchGpu,
  idle: async () => (await import("./idle.js")).benchIdle,
  kld: async () => (await import("./kld.js")).benchKld,
  ladder: async () => (await import("./ladder.js")).benchLadder,
  memory: async () => (await import("./memory.js")).benchStepMemory,
  placement: async () => (await import("./placement.js")).benchPlacement,
  probes: async () => (await import("./probes.js")).benchProbes,
  python: async () => (await import("./python.js")).benchPython,
  quality: async () => (await import("./quality.js")).benchQuality,
  rounding: async () => (await import("./rounding.js")).benchRounding,
  scale: async () => (await import("./scale.js")).benchScale,
  upload: async () => (await import("./upload.js")).benchUpload,
};

const print = (line: string) => process.stdout.write(`${line}\n`);
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in benches));
if (unknown !== undefined) {
  print(`unknown bench "${unknown}"; the benches are ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
for (const [name, load] of Object.entries(benches)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  print(`# ${name}`);
  await (await load())(print);
}
