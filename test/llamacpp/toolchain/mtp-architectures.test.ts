import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readMtpArchitectures } from "../../../src/llamacpp/toolchain/mtp-architectures.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const base = `class ModelBase:
    supports_mtp_export: bool = False

class _Mixin:
    """Shared."""
    supports_mtp_export = True
`;
const models = `@ModelBase.register("OneForCausalLM", "OneForImages")
@ModelBase.example("org/one")
class One(_Mixin, TextModel):
    model_arch = 1

    def set_vocab(self):
        pass


@ModelBase.register(
    "TwoForCausalLM",
)
class Two(One):
    pass


@ModelBase.register("ThreeForCausalLM")
class Three(One):
    supports_mtp_export = False


@ModelBase.register("FourForCausalLM")
class Four(TextModel):
    pass
`;

test("architectures whose class, or one that it extends, exports MTP layers", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "conversion"));
  writeFileSync(join(folder, "conversion", "base.py"), base);
  writeFileSync(join(folder, "conversion", "models.py"), models);
  const scripts = { converter: join(folder, "convert_hf_to_gguf.py") };
  const read = (toolchain: object) => readMtpArchitectures(toolchain as never);
  expect(await read({ scripts })).toEqual(new Set(["OneForCausalLM", "OneForImages", "TwoForCausalLM"]));
  expect(await read({ scripts: { converter: join(folder, "none", "x.py") } })).toBeNull();
  expect(await read({})).toBeNull();
});
