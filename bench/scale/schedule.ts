/** One task of a schedule. */
export interface Task {
  id: string;
  /** Ids of tasks that must end first; they precede this one in the list. */
  after: readonly string[];
  /** On one machine. */
  seconds: number;
}

export interface Timetable {
  /** Until the last task ends. */
  seconds: number;
  /** Machine-seconds in which a task ran. */
  busySeconds: number;
  /** The critical path, in order. */
  criticalPath: readonly Task[];
}

interface Placed {
  task: Task;
  end: number;
  /** The task it waited for last: a dependency, or the previous task on its machine. */
  waitedFor: Placed | undefined;
}

/** Schedules tasks in order, each on the machine that is free first, one task per machine at a time. */
export function schedule(tasks: readonly Task[], machines: number): Timetable {
  const placed = new Map<string, Placed>();
  const lastOn: (Placed | undefined)[] = Array.from({ length: machines });
  for (const task of tasks) {
    const needed = task.after.map((id) => placed.get(id)).reduce(later, undefined);
    const machine = freeFirst(lastOn);
    const waitedFor = later(needed, lastOn[machine]);
    const entry = { task, end: (waitedFor?.end ?? 0) + task.seconds, waitedFor };
    placed.set(task.id, entry);
    lastOn[machine] = entry;
  }
  const last = [...placed.values()].reduce(later, undefined);
  const criticalPath: Task[] = [];
  for (let entry = last; entry !== undefined; entry = entry.waitedFor) criticalPath.unshift(entry.task);
  return { seconds: last?.end ?? 0, busySeconds: tasks.reduce((sum, { seconds }) => sum + seconds, 0), criticalPath };
}

function later(a: Placed | undefined, b: Placed | undefined): Placed | undefined {
  return a === undefined || (b !== undefined && b.end > a.end) ? b : a;
}

function freeFirst(lastOn: readonly (Placed | undefined)[]): number {
  const ends = lastOn.map((entry) => entry?.end ?? 0);
  return ends.indexOf(Math.min(...ends));
}
