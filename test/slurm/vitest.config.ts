import { defineConfig } from "vitest/config";

/** `npm run test:slurm`: the tests start a real Slurm. Not part of `npm test`, since it is slow and needs packages. */
export default defineConfig({
  test: {
    include: ["test/slurm/**/*.slurm.ts"],
    fileParallelism: false,
    testTimeout: 3600_000,
    hookTimeout: 900_000,
    reporters: ["verbose"],
  },
});
