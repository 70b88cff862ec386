import { QuantsmithError } from "../../util/errors.js";
import { findProgram, isExecutable } from "./find-program.js";

/** What building the tools takes from the machine. */
export interface BuildPrograms {
  /** Absolute path of the C++ compiler and arguments that belong to it (`ccache g++`). */
  compiler: readonly [file: string, ...args: string[]];
  git: string;
}

/** Looks for a C++ compiler (`CXX`, else the usual names) and git on the PATH; starts nothing. */
export async function findBuildPrograms(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<BuildPrograms | { missing: string[] }> {
  const compiler = env.CXX ? await chosenCompiler(env.CXX, env.PATH) : await defaultCompiler(env.PATH);
  const git = await findProgram(["git"], env.PATH);
  if (compiler !== undefined && git !== undefined) return { compiler, git };
  const compilerName = env.CXX ? `the compiler CXX names (${env.CXX})` : "a C++ compiler";
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

/** `QS-TOOL-MISSING`, naming what is missing and how to get it on this platform. */
export function missingProgramsError(missing: readonly string[]): QuantsmithError {
  const what = missing.join(" and ");
  return new QuantsmithError(
    "QS-TOOL-MISSING",
    `llama.cpp's tools are not built yet, and ${what} ${missing.length > 1 ? "are" : "is"} missing to build them`,
    {
      remedy:
        process.platform === "darwin"
          ? "Install Apple's command line tools with `xcode-select --install`, or llama.cpp with `brew install llama.cpp`."
          : "Install them: `apt-get install g++ git` on Debian and Ubuntu, `dnf install gcc-c++ git` on Fedora. Or put llama.cpp's tools on the PATH.",
    },
  );
}
