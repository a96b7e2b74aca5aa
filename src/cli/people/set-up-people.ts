// Makes what capture needs in the application's database, and looks whether it is there afterwards.
import {
  type CaptureStanding,
  captureStanding,
  applySetup,
  type PeopleContext,
  type Step,
} from "../../people/index.ts";

/**
 * Runs the steps that are missing.
 *
 * @returns What was run, and how it stands now.
 * @throws {AppError} `PEOPLE_SETUP_FAILED` names the step; those before it stay.
 */
export async function setUpCapture(
  parts: Pick<PeopleContext, "source" | "mapping" | "capture">,
  onStep: (step: Step, place: string) => void = () => undefined,
): Promise<{ readonly steps: readonly Step[]; readonly after: CaptureStanding }> {
  const { steps } = await captureStanding(parts);
  await applySetup(parts.source, steps, {
    onStep: (step, index) => onStep(step, `${index + 1}/${steps.length}`),
  });
  return { steps, after: await captureStanding(parts) };
}
