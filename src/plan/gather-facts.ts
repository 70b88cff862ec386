import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { checkSnapshot } from "../checkpoint/check-snapshot.js";
import type { FileSelection } from "../checkpoint/file-selection.js";
import { readHubCard, readHubCheckpoint } from "../checkpoint/outline/hub-outline.js";
import { vocabularySize } from "../checkpoint/read-config.js";
import { readBaseCard } from "../checkpoint/snapshot-report.js";
import { HeaderCheck } from "../converter/header-check.js";
import { availableBytes } from "../hardware/memory/evaluation.js";
import { loadSpeedConstants } from "../hardware/speed/speed-files.js";
import { hubConnection } from "../hub/connection.js";
import { limitsOf, listModel } from "../hub/list-model.js";
import { toolDigest } from "../llamacpp/tool-digests.js";
import { readPretokenizers } from "../llamacpp/toolchain/pretokenizers.js";
import { describeToolchain, type ToolchainStatus } from "../llamacpp/toolchain/toolchain.js";
import { ownTools, type Toolchain, visionTool } from "../llamacpp/toolchain/tools.js";
import type { Settings } from "../recipe/settings.js";
import { type ConverterRules, converterRules } from "../stages/convert/converter-rules.js";
import type { DigestCache } from "../util/digest-cache.js";
import { packageVersion } from "../util/package-version.js";
import { usableMemoryBytes } from "../util/usable-memory.js";
import type { ModelFacts, PlanFacts } from "./facts.js";
import { hubGguf, localGguf } from "./gguf-facts.js";
import { hubModelSource } from "./hub-source.js";
import { inRecipe } from "./in-recipe.js";
import { movedWarnings } from "./moved-source.js";
import { outlineWarnings } from "./outline-warnings.js";
import { hashPictures } from "./pictures.js";
import { planCompute } from "./plan-compute.js";
import { checkTaskFiles, findHubTexts, hashTexts, requireNoOverlap } from "./resolve-texts.js";
import { toolFiles } from "./tool-files.js";

/**
 * Collects the facts for a plan: hashes local files, resolves commits on the Hub, reads tool versions, finds
 * devices, unless `inJobs`: other machines have them. With `ownDownloads`, a model that the Hugging Face cache lacks is
 * to be downloaded into the output folder. Writes only markers in the user's cache folder.
 * Errors: QS-FETCH-*, QS-HUB-*, QS-TEXT-*, QS-TOOL-*, QS-COMPUTE-*.
 */
export async function gatherFacts(
  settings: Settings,
  digests: DigestCache,
  { inJobs = false, ownDownloads = false }: { inJobs?: boolean; ownDownloads?: boolean } = {},
): Promise<PlanFacts> {
  const model = await inRecipe(settings.locate(["model", "source"]), () =>
    modelFacts(settings.model, digests, ownDownloads),
  );
  const toolchain = await describeToolchain();
  if (toolchain.state === "missing") throw toolchain.problem;
  const nodeLlamaCpp = await toolDigest("node-llama-cpp", toolchain);
  const compute = await planCompute(settings, toolchain, inJobs);
  const texts = await hashTexts(settings, digests);
  await requireNoOverlap(settings, texts);
  await checkTaskFiles(settings, texts);
  return {
    model,
    texts,
    pictures: await hashPictures(settings, digests),
    ...(await findHubTexts(settings)),
    speed: await loadSpeedConstants(),
    ...(await converterFacts(settings, toolchain)),
    ownTools: toolchain.state === "buildable" || hasOwnTools(toolchain.toolchain),
    visionTool: visionToolState(toolchain),
    compute,
    memoryBytes: inJobs ? null : availableBytes(await usableMemoryBytes(), compute.compute),
    toolDigests: {
      "llama.cpp": toolchain.digest,
      pretokenizers: await toolDigest("pretokenizers", toolchain),
      converter: await toolDigest("converter", toolchain),
      "node-llama-cpp": nodeLlamaCpp,
    },
    toolFiles: await toolFiles(toolchain, compute.compute.library, digests),
    toolVersions: { llamaCpp: toolchain.version, nodeLlamaCpp, quantsmith: packageVersion() },
  };
}

function visionToolState(status: Exclude<ToolchainStatus, { state: "missing" }>): PlanFacts["visionTool"] {
  if (status.state === "ready" && status.toolchain.tools[visionTool] !== undefined) return "ready";
  return status.state === "ready" && status.toolchain.source !== "pinned" ? "missing" : "buildable";
}

function hasOwnTools({ tools }: Toolchain): boolean {
  return ownTools.every((name) => tools[name] !== undefined);
}

function modelFacts(
  { source, ...choice }: Settings["model"],
  digests: DigestCache,
  ownDownloads: boolean,
): Promise<ModelFacts> {
  if (source.kind === "local") return localModel(source.path, choice, digests);
  if (source.kind === "gguf") return localGguf(source.path, digests);
  const { file } = source;
  return file === undefined ? hubModel(source, choice, ownDownloads) : hubGguf({ ...source, file }, ownDownloads);
}

async function converterFacts(
  { convert }: Settings,
  status: ToolchainStatus,
): Promise<ConverterRules & Pick<PlanFacts, "pretokenizers">> {
  const isRead = status.state === "ready" && convert.pretokenizer !== "auto";
  return {
    ...(await converterRules(status)),
    pretokenizers: isRead ? await readPretokenizers(status.toolchain) : null,
  };
}

async function localModel(path: string, choice: FileSelection, digests: DigestCache): Promise<ModelFacts> {
  const check = new HeaderCheck();
  const { outline, config, ...snapshot } = await checkSnapshot(path, choice, undefined, check);
  const folder = await realpath(path);
  const files = [];
  for (const { path: name, size } of snapshot.files) {
    files.push({ path: name, bytes: size, digest: `sha256:${await digests.digest(join(folder, name))}` });
  }
  return {
    source: { kind: "local", folder },
    files,
    parameters: snapshot.parameters,
    tensorBytes: snapshot.tensorBytes,
    outline,
    ...(outline.isCounted ? faultsOf(check) : {}),
    ...(outline.kept && { kept: outline.kept }),
    ...(outline.format?.isQuantized ? { baseModels: (await readBaseCard(folder)).baseModels } : {}),
    config,
    vocabulary: vocabularySize(config),
    warnings: outlineWarnings(outline),
  };
}

function faultsOf(check: HeaderCheck): Pick<ModelFacts, "mismatch" | "badScales"> {
  const mismatch = check.finish();
  const badScales = check.finishScales();
  return { ...(mismatch && { mismatch }), ...(badScales && { badScales }) };
}

async function hubModel(
  { repo, revision }: { repo: string; revision: string },
  choice: FileSelection,
  ownDownloads: boolean,
): Promise<ModelFacts> {
  const connection = hubConnection();
  const model = await listModel(connection, repo, revision);
  const { commit, movedTo, files: listing } = model;
  // The fetch stage reports a missing configuration.
  const check = new HeaderCheck();
  const checkpoint = await readHubCheckpoint(connection, { repo, commit, listing }, choice, check);
  const { files, weights, config = null, outline } = checkpoint;
  const fileBytes = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  const found = { repo, revision, commit, listing, ...limitsOf(model) };
  const card = outline?.format?.isQuantized ? await readHubCard(connection, { repo, commit, files }) : undefined;
  return {
    source: await hubModelSource(found, files, ownDownloads),
    files: files.map(({ path, bytes, digest }) => ({ path, bytes, digest })),
    parameters: outline?.parameters ?? fileBytes / 2,
    tensorBytes: outline?.tensorBytes ?? fileBytes,
    ...(outline === undefined ? {} : { outline }),
    ...(outline?.isCounted ? faultsOf(check) : {}),
    ...(outline?.kept && { kept: outline.kept }),
    ...(card === undefined ? {} : { baseModels: card.baseModels }),
    config,
    vocabulary: config === null ? null : vocabularySize(config),
    warnings: [...movedWarnings(repo, movedTo), ...outlineWarnings(outline)],
  };
}
