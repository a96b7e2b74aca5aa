export { PROFILE_CAPS, type ProfileCaps } from "./profile/caps.ts";
export { isPersonalName, PERSONAL, personalText } from "./profile/personal-text.ts";
export { KIND, KINDS } from "./profile/property-profile.ts";
export {
  makeTrafficProfile,
  type ProfileOptions,
  type TrafficEvent,
  type TrafficProfile,
} from "./profile/traffic-profile.ts";
export { sourceOfLibrary, type TrafficSource } from "./profile/traffic-source.ts";
export { UNSEEN_DAYS } from "./propose/event-history.ts";
export { INFER_FINDINGS, type InferFindingId } from "./propose/infer-findings.ts";
export { EMPTY_DRAFT, type PlanDraft } from "./propose/plan-draft.ts";
export {
  proposePlan,
  type Proposal,
  type ProposalSummary,
  type ProposeOptions,
} from "./propose/propose-plan.ts";
export { joinDrafts } from "./propose/join-drafts.ts";
export { EventLines } from "./readers/event-lines.ts";
export { readPlanExport } from "./readers/plan-exports.ts";
export { readTrafficEvent } from "./readers/traffic-shapes.ts";
export { writePlan, type WrittenPlan } from "./write/plan-document.ts";
export { formatInferReport } from "./write/report.ts";
