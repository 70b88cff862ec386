import { defineConfig } from "vitest/config";

/** A busy machine is ten times slower. */
const patience = { testTimeout: 120_000, hookTimeout: 300_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...patience,
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**"],
          // Memory and processor of one are measured in some, so there are few at a time.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...patience,
          name: "e2e",
          include: ["test/e2e/*.test.ts"],
          // llama.cpp processes spin against each other on few cores, so files run one after the other.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
