// The official python SDK in a virtual environment of its own. Needs python3 and a package index; where one is missing the caller's test
// says so by its name.
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export const PYTHON_SDK_VERSION = "5.3.0";
const INSTALL_TIMEOUT_MS = 90_000;

export interface PythonSdk {
  /** Path of the interpreter that has the SDK. */
  readonly python: string;
  /** Why the SDK cannot be had here; `undefined` when it is installed. */
  readonly missing: string | undefined;
}

/** Installs the SDK below a folder. */
export function installPythonSdk(directory: string): PythonSdk {
  const python = join(directory, "venv/bin/python");
  const run = (file: string, args: readonly string[]) =>
    execFileSync(file, args, { stdio: "pipe", timeout: INSTALL_TIMEOUT_MS });
  try {
    run("python3", ["-m", "venv", join(directory, "venv")]);
  } catch {
    // The reason stands in the name of the test.
    return { python, missing: "there is no python3 with venv" };
  }
  try {
    run(python, [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--retries",
      "1",
      `mixpanel==${PYTHON_SDK_VERSION}`,
    ]);
    return { python, missing: undefined };
  } catch {
    // The reason stands in the name of the test.
    return { python, missing: "no package index can be reached" };
  }
}
