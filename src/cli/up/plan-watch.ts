// Tells when a plan's files change. Watches the folders, because editors replace files instead of writing to them.
import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";

const SETTLE_MS = 200;

export interface PlanWatch {
  /** Watches the folders of these files from now on. */
  setFiles(files: readonly string[]): void;
  close(): void;
}

/** Calls `onChange` once things have settled. */
export function watchPlan(onChange: () => void): PlanWatch {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, SETTLE_MS);
  };
  return {
    setFiles: (files) => {
      const folders = new Set(files.map((file) => dirname(file)));
      for (const [folder, watcher] of watchers)
        if (!folders.has(folder)) {
          watcher.close();
          watchers.delete(folder);
        }
      for (const folder of folders) {
        if (watchers.has(folder)) continue;
        const watcher = watch(folder, (_, file) => {
          if (file === null || /\.(ya?ml|json)$/.test(file)) changed();
        });
        // A folder that goes away is noticed when the plan is read again.
        watcher.on("error", changed);
        watchers.set(folder, watcher);
      }
    },
    close: () => {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}
