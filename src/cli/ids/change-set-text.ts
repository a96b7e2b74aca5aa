// A planned repair of ids as the file that people review: what they have to know stands above it, as comments.
import { stringify } from "yaml";
import type { PlannedIds } from "../../cleanup/index.ts";

const WIDTH = 110;

function comment(note: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of note.split(" ")) {
    if (line !== "" && line.length + word.length >= WIDTH) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => `# ${one}`);
}

export function changeSetText({ changeSet, notes }: PlannedIds): string {
  const head = notes.flatMap((note) => comment(`* ${note}`));
  return `${head.join("\n")}\n${stringify(changeSet, { lineWidth: WIDTH })}`;
}
