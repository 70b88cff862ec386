import { defineConfig } from "vitest/config";

/** `npm run test:slurm`: on a real Slurm that the tests start. Too slow, and too much to install, for `npm test`. */
export default defineConfig({
  test: {
    include: ["test/slurm/**/*.slurm.ts"],
    fileParallelism: false,
    testTimeout: 3600_000,
    hookTimeout: 900_000,
    reporters: ["verbose"],
  },
});
