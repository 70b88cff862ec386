import { isObject } from "../checkpoint/parse-python-json.js";
import { missingVisionTool } from "../llamacpp/toolchain/vision-tool.js";
import type { Settings } from "../recipe/settings.js";
import { formatBytes } from "../util/bytes.js";
import type { DigestCache } from "../util/digest-cache.js";
import { isSystemError, QuantsmithError } from "../util/errors.js";
import { openRegular } from "../util/regular-file.js";
import { systemReason } from "../util/system-reason.js";
import { projectorsOf } from "./convert-steps.js";
import type { PlanFacts } from "./facts.js";
import { showsPictures } from "./smoke-steps.js";

/** First bytes of PNG, JPEG, BMP and GIF files, which llama.cpp reads. */
const pictureStart = /^(\x89PNG|\xff\xd8\xff|BM|GIF8[79]a)/;
const maxPictureBytes = 100e6;

/** Returns the sha256 of each file that a smoke prompt shows, by its path. Errors: QS-SMOKE-PICTURE. */
export async function hashPictures(settings: Settings, digests: DigestCache): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const [index, { image = "bundled" }] of settings.smoke.entries()) {
    if (image === "bundled") continue;
    const fault = await pictureFault(image);
    if (fault !== undefined) {
      throw new QuantsmithError("QS-SMOKE-PICTURE", `cannot show ${image}: ${fault}`, {
        remedy: "Name a PNG, JPEG, BMP or GIF file, relative to the recipe's folder, or write `bundled`.",
        at: settings.locate(["smoke", index, "image"]),
      });
    }
    hashes.set(image, await digests.digest(image));
  }
  return hashes;
}

/** Returns why a file is no picture; undefined if it is one. */
async function pictureFault(path: string): Promise<string | undefined> {
  try {
    const file = await openRegular(path);
    try {
      if ((await file.stat()).size > maxPictureBytes) return `it is larger than ${formatBytes(maxPictureBytes)}`;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
      return pictureStart.test(buffer.toString("latin1", 0, bytesRead)) ? undefined : "it is not a picture";
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isSystemError(error)) return systemReason(error);
    throw error;
  }
}

/** Requires a vision projector and the vision tool for prompts with a picture. Throws QS-SMOKE-PICTURE, QS-TOOL-VISION. */
export function requireVision(settings: Settings, facts: PlanFacts): void {
  if (!showsPictures(settings)) return;
  const index = settings.smoke.findIndex(({ image }) => image !== undefined);
  const seesPictures = isObject(facts.model.config?.vision_config) && projectorsOf(settings, facts).length > 0;
  if (!seesPictures) {
    throw new QuantsmithError("QS-SMOKE-PICTURE", "the release has no vision projector to show a picture with", {
      remedy: "Remove `image`, use a checkpoint with a vision part, or remove `mmproj: none`.",
      at: settings.locate(["smoke", index, "image"]),
    });
  }
  if (facts.visionTool === "missing") throw missingVisionTool();
}

/** Says that the vision tool will be compiled; empty if it is not needed or built. */
export function visionNotes(settings: Settings, { visionTool }: PlanFacts): string[] {
  if (!showsPictures(settings) || visionTool !== "buildable") return [];
  return [
    "the smoke test shows pictures: llama.cpp's vision tool is compiled first, about two minutes of processor time",
  ];
}
