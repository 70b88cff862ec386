import { QuantsmithError } from "../../util/errors.js";
import { findProgram, isExecutable } from "../../util/find-program.js";
import { quote } from "../../util/quote.js";

/** Programs of the system that building the tools requires. */
export interface BuildPrograms {
  /** Absolute path of the C++ compiler or its wrapper, and leading arguments (`ccache g++`). */
  compiler: readonly [file: string, ...args: string[]];
  git: string;
}

/** Finds a C++ compiler (`CXX`, else the usual names) and git on the PATH, without starting them. */
export async function findBuildPrograms(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<BuildPrograms | { missing: string[] }> {
  const compiler = env.CXX ? await chosenCompiler(env.CXX, env.PATH) : await defaultCompiler(env.PATH);
  const git = await findProgram(["git"], env.PATH);
  if (compiler !== undefined && git !== undefined) return { compiler, git };
  const compilerName = env.CXX ? `the compiler ${quote(env.CXX)} (CXX)` : "a C++ compiler";
  return { missing: [...(compiler ? [] : [compilerName]), ...(git ? [] : ["git"])] };
}

async function defaultCompiler(searchPath: string | undefined): Promise<BuildPrograms["compiler"] | undefined> {
  const file = await findProgram(["c++", "g++", "clang++"], searchPath);
  return file === undefined ? undefined : [file];
}

async function chosenCompiler(
  cxx: string,
  searchPath: string | undefined,
): Promise<BuildPrograms["compiler"] | undefined> {
  if (cxx.startsWith("/") && (await isExecutable(cxx))) return [cxx];
  const [name = "", ...args] = cxx.trim().split(/\s+/);
  if (name.startsWith("/")) return (await isExecutable(name)) ? [name, ...args] : undefined;
  const file = await findProgram([name], searchPath);
  return file === undefined ? undefined : [file, ...args];
}

/** Returns QS-TOOL-MISSING with the missing programs and how to install them on this platform. */
export function missingProgramsError(missing: readonly string[]): QuantsmithError {
  return new QuantsmithError(
    "QS-TOOL-MISSING",
    `building llama.cpp's tools requires ${missing.join(" and ")}, not found on this machine`,
    {
      remedy:
        process.platform === "darwin"
          ? "Run `xcode-select --install`, or install llama.cpp with `brew install llama.cpp`."
          : "Run `apt-get install g++ git` (Debian, Ubuntu) or `dnf install gcc-c++ git` (Fedora), or add llama.cpp's tools to the PATH.",
    },
  );
}
