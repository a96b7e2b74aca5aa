// A plan's files as they stood at a commit, read out of git's objects: nothing is checked out, the working tree is not looked at.
import { dirname, join, relative, sep } from "node:path";
import { globSync } from "tinyglobby";
import type { PlanFiles } from "../../plan/index.ts";
import { runGit } from "./git.ts";

/** A name in a folder, as glob libraries ask for it. */
interface Entry {
  readonly name: string;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

type Folders = ReadonlyMap<string, ReadonlyMap<string, "file" | "folder">>;

function foldersOf(paths: readonly string[]): Folders {
  const folders = new Map<string, Map<string, "file" | "folder">>();
  const add = (path: string, kind: "file" | "folder"): void => {
    const at = path.lastIndexOf("/");
    const folder = at < 0 ? "" : path.slice(0, at);
    const known = folders.get(folder);
    if (known === undefined) {
      folders.set(folder, new Map([[path.slice(at + 1), kind]]));
      if (folder !== "") add(folder, "folder");
    } else known.set(path.slice(at + 1), kind);
  };
  for (const path of paths) add(path, "file");
  return folders;
}

function entryOf([name, kind]: readonly [string, "file" | "folder"]): Entry {
  return {
    name,
    isFile: () => kind === "file",
    isDirectory: () => kind === "folder",
    isSymbolicLink: () => false,
  };
}

/** Reads blobs with one process: `<id> blob <size>\n<bytes>\n` for each, or `<name> missing\n`. Source: git-cat-file(1). */
function readBlobs(root: string, commit: string, paths: readonly string[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const output = runGit(root, ["cat-file", "--batch"], paths.map((path) => `${commit}:${path}\n`).join(""));
  if (output === undefined) return texts;
  let at = 0;
  for (const path of paths) {
    const end = output.indexOf("\n", at);
    const [, size] = / blob (\d+)$/.exec(output.toString("utf8", at, end)) ?? [];
    at = end + 1;
    if (size === undefined) continue;
    texts.set(path, output.toString("utf8", at, at + Number(size)));
    at += Number(size) + 1;
  }
  return texts;
}

class GitFiles implements PlanFiles {
  readonly #root: string;
  readonly #commit: string;
  readonly #texts = new Map<string, string>();
  #found: { readonly paths: ReadonlySet<string>; readonly folders: Folders } | undefined;

  constructor(root: string, commit: string) {
    this.#root = root;
    this.#commit = commit;
  }

  #tree(): { readonly paths: ReadonlySet<string>; readonly folders: Folders } {
    if (this.#found !== undefined) return this.#found;
    const output = runGit(this.#root, ["ls-tree", "-r", "-z", "--name-only", "--full-tree", this.#commit]);
    const paths = (output ?? Buffer.alloc(0)).toString("utf8").split("\0").filter(Boolean);
    this.#found = { paths: new Set(paths), folders: foldersOf(paths) };
    return this.#found;
  }

  #inTree(path: string): string {
    return relative(this.#root, path).split(sep).join("/");
  }

  expand(globs: readonly string[], fromFile: string): readonly string[] {
    const { folders } = this.#tree();
    const list = (path: string): Entry[] => [...(folders.get(this.#inTree(path)) ?? [])].map(entryOf);
    const found = globSync([...globs], {
      cwd: dirname(fromFile),
      absolute: true,
      expandDirectories: false,
      followSymbolicLinks: false,
      // Its type asks for every overload of `readdirSync`; one is used.
      fs: { readdirSync: ((path: string) => list(path)) as never },
    }).sort();
    this.#load(found);
    return found;
  }

  #load(paths: readonly string[]): void {
    const missing = paths
      .map((path) => this.#inTree(path))
      .filter((path) => !this.#texts.has(path) && !path.includes("\n"));
    for (const [path, text] of readBlobs(this.#root, this.#commit, missing)) this.#texts.set(path, text);
  }

  read(path: string): string | undefined {
    const name = this.#inTree(path);
    if (!this.#texts.has(name)) this.#load([join(this.#root, name)]);
    return this.#texts.get(name);
  }
}

/** The files of a commit. Paths are absolute, as if they stood in the working tree. */
export function gitPlanFiles(root: string, commit: string): PlanFiles {
  return new GitFiles(root, commit);
}
