import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, tmpdir, totalmem, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { parentDeathArgv } from "../../src/util/parent-death.js";
import { slurmPrograms } from "./install-slurm.js";

export const nodeNames = ["n1", "n2"] as const;
export type NodeName = (typeof nodeNames)[number];

/** Environment variable with the daemon's name in every process that the cluster starts; jobs inherit it. */
const mark = "QUANTSMITH_TEST_DAEMON";

/**
 * A real Slurm on this machine: munge, one controller and two nodes, with a separate folder and ports.
 * All its processes, jobs included, are identified by their environment, so no other process is ever killed.
 */
export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), "quantsmith-slurm-"));
  readonly config = join(this.folder, "slurm.conf");
  /** Environment for Slurm's programs. */
  readonly env = { SLURM_CONF: this.config };
  readonly #programs: Record<string, string>;
  readonly #daemons = new Map<string, ChildProcess>();

  readonly #dieWithUs: readonly string[];

  private constructor(programs: Record<string, string>, dieWithUs: readonly string[]) {
    this.#programs = programs;
    this.#dieWithUs = dieWithUs;
  }

  static async start(): Promise<Cluster> {
    const cluster = new Cluster(await slurmPrograms(), await parentDeathArgv());
    await cluster.#configure();
    await cluster.#startMunge();
    cluster.startController();
    for (const node of nodeNames) cluster.startNode(node);
    await cluster.waitFor("two idle nodes", async () =>
      (await cluster.nodeStates()).every((state) => state === "idle"),
    );
    return cluster;
  }

  startController(): void {
    this.#start("controller", "slurmctld", ["-D"]);
  }

  startNode(node: NodeName): void {
    this.#start(node, "slurmd", ["-D", "-N", node]);
  }

  /** Simulates a power failure: kills the daemon and all its jobs at once. */
  async killNode(node: NodeName): Promise<void> {
    await this.#kill(node);
  }

  async killController(): Promise<void> {
    await this.#kill("controller");
  }

  /** Kills the controller and deletes its job state. */
  async loseController(): Promise<void> {
    await this.killController();
    rmSync(join(this.folder, "state"), { recursive: true });
    mkdirSync(join(this.folder, "state"));
  }

  /** Runs one of Slurm's programs. */
  async run(program: string, ...args: string[]): Promise<string> {
    const { stdout } = await execa(this.#programs[program] ?? program, args, { env: this.env });
    return stdout;
  }

  async nodeStates(): Promise<string[]> {
    const text = await this.run("scontrol", "--oneliner", "show", "nodes").catch(() => "");
    const states = [...text.matchAll(/ State=(\S+)/g)].map(([, state = ""]) => state.toLowerCase());
    return nodeNames.map((_, index) => states[index] ?? "unknown");
  }

  /** Polls until a condition is true; the limit is generous for slow machines. */
  async waitFor(what: string, holds: () => Promise<boolean> | boolean, seconds = 300): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`timed out after ${seconds} s waiting for ${what}; see ${this.folder}`);
      await sleep(500);
    }
  }

  async stop(): Promise<void> {
    await this.run("scancel", `--user=${userInfo().username}`).catch(() => undefined);
    for (const name of [...this.#daemons.keys()].reverse()) await this.#kill(name);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #configure(): Promise<void> {
    const [controllerPort, ...nodePorts] = await freePorts(1 + nodeNames.length);
    for (const name of ["munge", "state", "log", ...nodeNames.map((node) => join("spool", node))]) {
      mkdirSync(join(this.folder, name), { recursive: true });
    }
    const megabytes = Math.floor(totalmem() / 2 ** 20 / 2);
    const nodes = nodeNames.map(
      (node, index) =>
        `NodeName=${node} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${nodePorts[index]} CPUs=2 RealMemory=${megabytes}`,
    );
    const settings = {
      ClusterName: "quantsmith",
      SlurmctldHost: `${hostname()}(127.0.0.1)`,
      SlurmctldPort: controllerPort,
      SlurmUser: userInfo().username,
      SlurmdUser: userInfo().username,
      AuthType: "auth/munge",
      AuthInfo: `socket=${this.#munge("socket")}`,
      StateSaveLocation: join(this.folder, "state"),
      SlurmdSpoolDir: join(this.folder, "spool", "%n"),
      SlurmctldPidFile: join(this.folder, "slurmctld.pid"),
      SlurmdPidFile: join(this.folder, "slurmd-%n.pid"),
      SlurmctldLogFile: join(this.folder, "log", "slurmctld.log"),
      SlurmdLogFile: join(this.folder, "log", "slurmd-%n.log"),
      // Also works in containers, where control groups are often read-only.
      ProctrackType: "proctrack/linuxproc",
      TaskPlugin: "task/none",
      JobAcctGatherType: "jobacct_gather/linux",
      JobAcctGatherFrequency: "task=2",
      JobAcctGatherParams: "OverMemoryKill",
      SelectType: "select/cons_tres",
      SelectTypeParameters: "CR_CPU_Memory",
      MpiDefault: "none",
      // A node is used again as soon as it is back.
      ReturnToService: 2,
      SlurmdParameters: "config_overrides",
      // Time until a dead node is detected. With a shorter one, nodes on a busy machine count as dead.
      SlurmdTimeout: 30,
      KillWait: 5,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    const partitions = [
      `PartitionName=main Nodes=${nodeNames.join(",")} Default=YES MaxTime=4:00:00 State=UP`,
      `PartitionName=short Nodes=n1 MaxTime=0:02:00 State=UP`,
    ];
    writeFileSync(this.config, [...lines, ...nodes, ...partitions, ""].join("\n"));
  }

  async #startMunge(): Promise<void> {
    await execa(this.#programs.mungekey ?? "", ["--create", `--keyfile=${this.#munge("key")}`]);
    const files = {
      "key-file": "key",
      socket: "socket",
      "pid-file": "pid",
      "log-file": "log",
      "seed-file": "seed",
    };
    // munge rejects a parent folder that others can write, and this one is in /tmp.
    const args = Object.entries(files).map(([option, file]) => `--${option}=${this.#munge(file)}`);
    await this.#openFolders();
    this.#start("munge", "munged", ["--foreground", "--force", ...args]);
    await this.waitFor("munge", () => readdirSync(join(this.folder, "munge")).includes("socket"));
  }

  /** All users must be able to reach munge's socket. */
  async #openFolders(): Promise<void> {
    await execa("chmod", ["755", this.folder, join(this.folder, "munge")]);
  }

  #munge(file: string): string {
    return join(this.folder, "munge", file);
  }

  #start(name: string, program: string, args: string[]): void {
    // No process may outlive a killed test.
    const [file = "", ...words] = [...this.#dieWithUs, this.#programs[program] ?? program, ...args];
    const log = openSync(join(this.folder, "log", `${name}.out`), "a");
    const env = {
      PATH: process.env.PATH ?? "/usr/bin:/bin",
      HOME: userInfo().homedir,
      SLURM_CONF: this.config,
      [mark]: `${this.folder}/${name}`,
    };
    const child = spawn(file, words, {
      detached: true,
      stdio: ["ignore", log, log],
      env,
      cwd: this.folder,
    });
    closeSync(log);
    this.#daemons.set(name, child);
  }

  /** Kills a daemon and its processes, which may start others meanwhile. */
  async #kill(name: string): Promise<void> {
    await this.waitFor(`the end of ${name}`, () => {
      const alive = markedProcesses(`${this.folder}/${name}`);
      for (const pid of alive) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has exited.
        }
      }
      return alive.length === 0;
    });
  }
}

/** Running processes with this cluster's variable in their environment. */
function markedProcesses(value: string): number[] {
  const variable = `${mark}=${value}`;
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const marked = readFileSync(`/proc/${name}/environ`, "utf8").split("\0").includes(variable);
      const zombie = /\) Z /.test(readFileSync(`/proc/${name}/stat`, "utf8"));
      return marked && !zombie ? [Number(name)] : [];
    } catch {
      return []; // exited meanwhile, or belongs to another user
    }
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
