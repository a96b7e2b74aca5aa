// What a difference between two plans is made of. Pure data: how it is found, judged and printed stands in the files beside.
import type { FileLocation } from "../../core/index.ts";
import type { ChangeKind } from "./change-kinds.ts";

/**
 * Who feels a change: `code` the callers of generated clients; `data` history, queries, dashboards; `rollout` releases
 * already shipped, judged by the gateway under the new plan; `provider` what it can follow.
 */
export const AXES = ["code", "data", "rollout", "provider"] as const;
/** One of {@link AXES}. */
export type Axis = (typeof AXES)[number];

/** From harmless to harmful. */
export const GRADES = ["none", "deprecates", "warns", "needs-approval", "breaks"] as const;
/** One of {@link GRADES}. */
export type Grade = (typeof GRADES)[number];

/** What a change does on one axis, with one sentence why. */
export interface AxisGrade {
  readonly grade: Grade;
  readonly why: string;
}

export interface PlanChange {
  readonly kind: ChangeKind;
  /** Path in the plan, for example `events.userSignsUp.properties.plan_tier`. */
  readonly at: string;
  /** In a few words; absent where there was, or is, nothing. */
  readonly before?: string;
  readonly after?: string;
  /** Sources that send or write it. */
  readonly sources: readonly string[];
  /** Events that share the property, where one definition changed for several. */
  readonly events?: readonly string[];
  readonly axes: Readonly<Record<Axis, AxisGrade>>;
  /** Where it stands in the new plan, or stood in the old one; the file is named from the plan's folder. */
  readonly where?: FileLocation;
}

/** The step of a semantic version that a difference asks for. */
export type VersionStep = "none" | "patch" | "minor" | "major";

export interface PlanDiff {
  /** Hash and version of both plans. */
  readonly base: PlanIdentity;
  readonly head: PlanIdentity;
  /** The whole plan first, then events, then profile properties, each in the order of the old plan. */
  readonly changes: readonly PlanChange[];
  /** The step that is due, and the version that comes of it where the base has one. */
  readonly due: { readonly step: VersionStep; readonly version?: string };
  /** The new plan carries a version, and it is less than what is due. */
  readonly isVersionTooLow: boolean;
}

/** Which plan it was. */
export interface PlanIdentity {
  readonly name: string;
  readonly hash: string;
  readonly version?: string;
}
