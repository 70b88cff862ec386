import * as z from "zod";
import { parseForeignYaml } from "../util/yaml/parse-foreign-yaml.js";

/** LM Studio's description of the model; a release has it if it was built for a repository. */
export const modelYamlFile = "model.yaml";

const source = z.object({ type: z.literal("huggingface"), user: z.string(), repo: z.string() });
const shape = z.object({ base: z.tuple([z.object({ sources: z.tuple([source]) })]) });

/**
 * Returns the repository that a release was built for, `org/name`: the one that the commands of its card name. `modelYaml` is
 * the text of `modelYamlFile`. Undefined for a file of another origin.
 */
export function builtFor(modelYaml: string): string | undefined {
  const [base] = shape.safeParse(parseForeignYaml(modelYaml)).data?.base ?? [];
  const [place] = base?.sources ?? [];
  return place === undefined ? undefined : `${place.user}/${place.repo}`;
}

/** Returns true for the same repository; the Hub ignores case. */
export function isSameRepository(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
