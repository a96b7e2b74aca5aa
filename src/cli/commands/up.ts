// `plumbline up`: the gateway in the foreground.
import type { Command } from "commander";
import { loadConfig } from "../config/load-config.ts";
import { makeOutput, printLine } from "../terminal/output.ts";
import { untilStopped } from "../terminal/until-stopped.ts";
import { runUp } from "../up/run-up.ts";
import { makeProfileView } from "../terminal/profile-view.ts";
import { makeVerdictView } from "../terminal/verdict-view.ts";
import type { GlobalOptions } from "./global-options.ts";

export function addUp(program: Command): void {
  program
    .command("up")
    .description("Run the gateway: receive, judge, deliver; and the people sync, where one is configured")
    .option("--view", "show verdicts and profiles as they come, on stderr")
    .action(async (options: { view?: boolean }, command: Command) => {
      const { config: file, json = false } = command.optsWithGlobals<GlobalOptions>();
      const config = loadConfig(file);
      const output = makeOutput(json);
      const view = options.view === true ? makeVerdictView() : undefined;
      const profiles = options.view === true ? makeProfileView() : undefined;
      const up = await runUp({
        config,
        ...(view === undefined ? {} : { onVerdicts: (notices) => view.show(notices) }),
        ...(profiles === undefined ? {} : { onProfiles: (notices) => profiles.show(notices) }),
      });
      // Before anybody reads that it runs.
      process.on("SIGHUP", () => void up.reload());
      const stopped = untilStopped();
      printLine(
        json
          ? JSON.stringify({ gateway: up.gatewayUrl, admin: up.adminUrl })
          : `plumbline up: accepting on ${up.gatewayUrl}, admin on ${up.adminUrl}`,
      );
      const signal = await stopped;
      output.note(`plumbline up: ${signal}, stopping`);
      await up.close();
    });
}
