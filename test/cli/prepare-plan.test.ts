import { expect, test, vi } from "vitest";
import { announceHashing } from "../../src/cli/prepare-plan.js";

test("plan announces only large files", () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  announceHashing("config.json", 2000);
  announceHashing("model.safetensors", 4_900_000_000);
  expect(write.mock.calls).toEqual([["hashing model.safetensors (4.90 GB)\n"]]);
  write.mockRestore();
});
