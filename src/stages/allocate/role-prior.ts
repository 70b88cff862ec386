import type { ErrorTable } from "../../quant/error-table.js";

/**
 * Mean KL divergence per unit of error in all tensors of a role, relative to ffn_up: the mean of probes on the two Llama
 * models of this project (8 layers untied, 6 layers tied), which match within a factor of 3.
 */
const perRole: Readonly<Record<string, number>> = {
  attn_q: 0.25,
  attn_k: 0.3,
  attn_v: 0.8,
  attn_output: 0.7,
  ffn_gate: 1.3,
  ffn_up: 1,
  ffn_down: 1.7,
  token_embd: 0.9,
  output: 4.2,
};
/** The embedding if it is also the output matrix. */
const tiedEmbedding = 2.6;
/** The first quarter of the layers is more sensitive in both models. */
const earlyLayers = { share: 0.25, factor: 1.4 };

/**
 * Returns alphas for pipelines without probes. They rank tensors but do not predict the size of the damage: the sum of a
 * role is divided equally among its layers.
 */
export function priorAlphas({ tensors }: ErrorTable): Map<string, number> {
  const layers = 1 + Math.max(0, ...tensors.map(({ layer }) => layer ?? 0));
  const tied = !tensors.some(({ role }) => role === "output");
  return new Map(
    tensors.map(({ name, role, layer }) => {
      // The experts of a layer replace the dense matrix of that role.
      const known = perRole[role.replace(/_(exps|shexp)$/, "")] ?? 1;
      if (layer === null) return [name, role === "token_embd" && tied ? tiedEmbedding : known];
      const early = layer < earlyLayers.share * layers ? earlyLayers.factor : 1;
      return [name, (known * early) / layers];
    }),
  );
}
