// The people of a step on profiles, as its backup has them, a round at a time: what apply and undo share.
import { AppError } from "../../core/index.ts";
import type { StepContext } from "../apply/executor.ts";
import type { IdOperation, Step } from "../change-set/change-set.ts";
import type { PersonRecord } from "./merged-profile.ts";
import { personRecord } from "./people-of-step.ts";

/** Where apply notes how far it is. */
export const MOVED = "moved";
/** Ids of the people of one round: what one question can ask for. */
const ROUND_IDS = 1000;

type MoveProfiles = Extract<IdOperation, { do: "move_profiles" }>;
type MergeIds = Extract<IdOperation, { do: "merge_ids" }>;

/** @throws {AppError} `CLEANUP_OPERATION_UNKNOWN` for a step of another kind. */
export function moveOf({ operation }: Step): MoveProfiles {
  if (operation.do === "move_profiles") return operation;
  throw new AppError("CLEANUP_OPERATION_UNKNOWN", `Cannot move profiles by ${operation.do}`);
}

/** @throws {AppError} `CLEANUP_OPERATION_UNKNOWN` for a step of another kind. */
export function mergeOf({ operation }: Step): MergeIds {
  if (operation.do === "merge_ids") return operation;
  throw new AppError("CLEANUP_OPERATION_UNKNOWN", `Cannot merge ids by ${operation.do}`);
}

/** Reads the backup from a record on, in rounds. */
export async function* rounds({ backup }: StepContext, from: number): AsyncGenerator<PersonRecord[]> {
  let people: PersonRecord[] = [];
  let ids = 0;
  for await (const value of backup.read(from)) {
    const person = personRecord(value);
    const own = person.olds.length + 1;
    if (people.length > 0 && ids + own > ROUND_IDS) {
      yield people;
      [people, ids] = [[], 0];
    }
    people.push(person);
    ids += own;
  }
  if (people.length > 0) yield people;
}
