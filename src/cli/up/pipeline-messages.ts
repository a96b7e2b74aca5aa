// What the main thread and the pipeline's thread say to each other. Data only.
import type { Lock } from "../../plan/index.ts";
import type { DeliveryState } from "../../delivery/index.ts";
import type { VerdictNotice } from "../../gateway/index.ts";
import type { Config } from "../config/config.ts";

export interface PipelineStart {
  readonly config: Config;
  readonly lock: Lock;
  /** Send verdicts as they fall. */
  readonly verdicts: boolean;
}

export type ToPipeline =
  | { readonly kind: "wake" }
  | { readonly kind: "lock"; readonly id: number; readonly lock: Lock }
  | { readonly kind: "resume"; readonly destination: string }
  | { readonly kind: "report"; readonly id: number }
  | { readonly kind: "close" };

/** Beside what every thread says. */
export type FromPipeline =
  | { readonly kind: "verdicts"; readonly notices: readonly VerdictNotice[] }
  /** The plan of that message is the one that is judged by. */
  | { readonly kind: "locked"; readonly id: number }
  | {
      readonly kind: "report";
      readonly id: number;
      readonly metrics: readonly object[];
      readonly states: readonly DeliveryState[];
    };
