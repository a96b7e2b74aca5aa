// What the main thread and the thread of the people sync say to each other. Data only.
import type { AcknowledgedNotice } from "../../people/index.ts";
import type { Lock } from "../../plan/index.ts";
import type { Config } from "../config/config.ts";
import type { PeopleReport, PeopleServiceState } from "../people/people-service.ts";

export interface PeopleStart {
  readonly config: Config;
  readonly lock: Lock;
  /** Send what was acknowledged as it comes. */
  readonly notices: boolean;
}

export type ToPeople =
  | { readonly kind: "lock"; readonly lock: Lock }
  | { readonly kind: "resume"; readonly destination: string }
  | { readonly kind: "report"; readonly id: number }
  | {
      readonly kind: "mark";
      readonly id: number;
      readonly userIds: readonly string[];
      readonly cause: string;
    }
  | { readonly kind: "close" };

/** Beside what every thread says. */
export type FromPeople =
  | { readonly kind: "state"; readonly state: PeopleServiceState }
  | { readonly kind: "acknowledged"; readonly notices: readonly AcknowledgedNotice[] }
  | { readonly kind: "marked"; readonly id: number; readonly error: string | undefined }
  | {
      readonly kind: "report";
      readonly id: number;
      readonly metrics: readonly object[];
      readonly report: PeopleReport;
    };
