// One run at a time in a folder.
import { join } from "node:path";
import { AppError, type HeldLock, lockFile } from "../../core/index.ts";
import { makeFolder } from "./durable-file.ts";

/**
 * Locks a folder for this process.
 *
 * @throws {AppError} `CLEANUP_LOCKED` when another has it.
 */
export async function lockRun(folder: string): Promise<HeldLock> {
  await makeFolder(folder);
  const answer = await lockFile(join(folder, "lock"));
  if (answer.kind === "held") return answer;
  const { host, pid } = answer.holder;
  throw new AppError("CLEANUP_LOCKED", `Cannot lock ${folder}: process ${pid} on ${host} works in it`);
}
