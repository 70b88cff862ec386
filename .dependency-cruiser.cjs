/**
 * Allowed imports between the folders of src/, from the bottom to the top; ARCHITECTURE.md has the diagram.
 * A folder may also import itself and the packages of package.json. Other imports are errors.
 */
const rooms = {
  util: [],
  quant: ["util"],
  gguf: ["quant", "util"],
  hub: ["util"],
  llamacpp: ["gguf", "quant", "util"],
  checkpoint: ["gguf", "hub", "quant", "util"],
  converter: ["checkpoint", "llamacpp", "gguf", "hub", "quant", "util"],
  corpus: ["llamacpp", "gguf", "util"],
  hardware: ["llamacpp", "gguf", "quant", "util"],
  release: ["hardware", "checkpoint", "gguf", "hub", "quant", "util"],
  report: ["release", "hardware", "checkpoint", "gguf", "hub", "quant", "util"],
  stages: [
    "report",
    "release",
    "hardware",
    "corpus",
    "converter",
    "checkpoint",
    "llamacpp",
    "gguf",
    "hub",
    "quant",
    "util",
  ],
  recipe: ["stages", "report", "release", "hardware", "llamacpp", "hub", "quant", "util"],
  plan: [
    "recipe",
    "stages",
    "release",
    "hardware",
    "corpus",
    "converter",
    "checkpoint",
    "llamacpp",
    "gguf",
    "hub",
    "quant",
    "util",
  ],
  engine: ["plan", "stages", "release", "llamacpp", "util"],
  watch: ["recipe", "release", "checkpoint", "hub", "util"],
  queue: ["engine", "plan", "recipe", "stages", "release", "hub", "util"],
  remote: ["engine", "plan", "recipe", "stages", "corpus", "llamacpp", "hub", "util"],
  cli: [
    "watch",
    "queue",
    "remote",
    "engine",
    "plan",
    "recipe",
    "stages",
    "report",
    "release",
    "hardware",
    "corpus",
    "checkpoint",
    "llamacpp",
    "gguf",
    "hub",
    "quant",
    "util",
  ],
};

const importsOf = ([room, below]) => ({
  from: { path: `^src/${room}/` },
  to: { path: [room, ...below].map((name) => `^src/${name}/`) },
});

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  allowed: [...Object.entries(rooms).map(importsOf), { from: {}, to: { dependencyTypes: ["core", "npm"] } }],
  allowedSeverity: "error",
  forbidden: [
    { name: "no-circle", severity: "error", from: {}, to: { circular: true } },
    // Output goes through src/cli/print.ts, which escapes it; scripts/lint/one-printer.grit bans the global streams.
    {
      name: "one-printer",
      severity: "error",
      from: { pathNot: "^src/cli/print\\.ts$" },
      to: { path: "^(node:)?(process|console)$" },
    },
    {
      name: "one-live-board",
      severity: "error",
      from: { pathNot: "^src/cli/views/terminal-view\\.ts$" },
      to: { path: "^node_modules/listr2/" },
    },
    { name: "no-orphan", severity: "error", from: { orphan: true, pathNot: "^src/cli/main\\.ts$" }, to: {} },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node", "default"] },
    combinedDependencies: false,
  },
};
