import { describe, expect, test } from "vitest";
import { estimateFit } from "../../../src/hardware/fit/estimate-fit.js";
import { type Candidate, recommendVariant } from "../../../src/hardware/fit/recommend.js";
import { type DeviceOptions, MB, someBackends, someDevice, someModel } from "../../fixtures/fit-models.js";

interface Variant {
  name: string;
  /** Size of each of ten blocks; besides them, 100 MB of weights, and 222.4 MB for cache, buffers and program at 1024 tokens. */
  blockMB: number;
  kld: number | null;
  type?: string;
}

function candidates(variants: readonly Variant[], device: DeviceOptions, context = 1024): Candidate[] {
  return variants.map(({ name, blockMB, kld, type = "Q4_K" }) => {
    const bytes = (10 * blockMB + 100) * MB;
    const model = someModel({ blockBytes: blockMB * MB, types: { [type]: bytes } });
    const question = { variant: name, model, device: someDevice(device), backends: someBackends, context };
    return {
      variant: { name, bytes, bitsPerWeight: blockMB / 10, kldMean: kld },
      footprint: model.footprint,
      fit: estimateFit({ ...question, kvType: "f16" }),
    };
  });
}

const ladder: Variant[] = [
  { name: "Q8_0", blockMB: 85, kld: 0.0002, type: "Q8_0" },
  { name: "Q6_K", blockMB: 66, kld: 0.0011, type: "Q6_K" },
  { name: "Q4_K_M", blockMB: 49, kld: 0.0121 },
  { name: "IQ4_XS", blockMB: 43, kld: 0.0149, type: "IQ4_XS" },
  { name: "Q2_K", blockMB: 27, kld: 0.48, type: "Q2_K" },
];
const phone = (budget: number): DeviceOptions => ({ class: "phone", budget: budget * MB, memory: 8000 * MB });

describe("the pick", () => {
  const cases: [string, Variant[], DeviceOptions, string, string][] = [
    [
      "everything fits",
      ladder,
      phone(2000),
      "Q8_0",
      "it has the lowest mean KL divergence (0.000200) of the 3 variants that fit completely and do not mainly use slow types",
    ],
    [
      "three fit",
      ladder,
      phone(900),
      "Q4_K_M",
      "it is the only variant that fits completely and does not mainly use slow types",
    ],
    [
      "only slow ones fit",
      ladder,
      phone(800),
      "IQ4_XS",
      "it has the lowest mean KL divergence (0.0149) of the 2 variants that fit completely, although most of its weights have slow types",
    ],
    [
      "one fits",
      ladder,
      phone(600),
      "Q2_K",
      "it is the only variant that fits completely, although most of its weights have slow types",
    ],
    ["a single variant that fits", ladder.slice(0, 1), phone(2000), "Q8_0", "it fits completely"],
    [
      "a complete fit precedes a better partial one",
      ladder,
      { budget: 700 * MB },
      "IQ4_XS",
      "it has the lowest mean KL divergence (0.0149) of the 2 variants that fit completely",
    ],
    [
      "the CPU besides a GPU",
      ladder,
      { budget: 50 * MB },
      "Q8_0",
      "it has the lowest mean KL divergence (0.000200) of the 5 variants that run on the CPU only",
    ],
    [
      "one of them is unmeasured",
      ladder.map((variant) => (variant.name === "Q6_K" ? { ...variant, kld: null } : variant)),
      phone(1000),
      "Q6_K",
      "it has the most bits per weight (6.60) of the 2 variants that fit completely and do not mainly use slow types",
    ],
    [
      "an unmeasured variant does not run",
      ladder.map((variant) => (variant.name === "Q8_0" ? { ...variant, kld: null } : variant)),
      phone(1000),
      "Q6_K",
      "it has the lowest mean KL divergence (0.00110) of the 2 variants that fit completely and do not mainly use slow types",
    ],
    [
      "the smaller file wins a tie",
      [
        { name: "Q4_K_M", blockMB: 49, kld: 0.01 },
        { name: "Q4_K_S", blockMB: 48, kld: 0.01 },
      ],
      phone(2000),
      "Q4_K_S",
      "it has the lowest mean KL divergence (0.0100) of the 2 variants that fit completely",
    ],
  ];
  test.each(cases)("%s", (_name, variants, device, variant, reason) => {
    const given = candidates(variants, device);
    expect(recommendVariant(given, someBackends)).toEqual({ variant, reason });
    expect(recommendVariant(given.toReversed(), someBackends)).toEqual({ variant, reason });
  });
});

describe("no recommendation", () => {
  test("contains the limit, and the variant and context that would run", () => {
    const found = recommendVariant(candidates(ladder, phone(550), 4096), someBackends);
    expect(found).toEqual({
      variant: null,
      reason:
        "no variant runs at 4096 tokens; for the smallest, Q2_K: it needs 900 MB, but the budget for one model is 550 MB; Q2_K runs with up to 1024 tokens and a q8_0 cache",
    });
  });

  test("contains no context if none is possible", () => {
    const { variant, reason } = recommendVariant(candidates(ladder, phone(400)), someBackends);
    expect(variant).toBeNull();
    expect(reason).not.toContain("runs with");
  });

  test("without variants", () => {
    expect(recommendVariant([], someBackends)).toEqual({ variant: null, reason: "there are no variants" });
  });
});
