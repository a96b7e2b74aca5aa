// Names that Kotlin properties and classes of the generated client cannot have.

/** Hard keywords, and members that every generated class has. */
export const MEMBER_RESERVED: ReadonlySet<string> = new Set(
  (
    "as break class continue do else false for fun if in interface is null object package return super this throw true try typealias typeof " +
    "val var when while values head copy equals hashCode toString value wire"
  ).split(" "),
);

/** Types that the files use, and those of the package itself. */
export const CLASS_RESERVED: readonly string[] = (
  "Any String Boolean Long Double Int Unit Instant List Map Rule Found Sink Problem PlanViolation UserId WireText PlanObject Event EventHead " +
  "ProfileUpdate Analytics Recording TrackedEvent TrackedUpdate MixpanelAndroid MixpanelJava"
).split(" ");
