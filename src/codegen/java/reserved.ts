// Names that Java methods, parameters and classes of the generated client cannot have.
const KEYWORDS =
  "abstract assert boolean break byte case catch char class const continue default do double else enum extends final finally float for goto " +
  "if implements import instanceof int interface long native new package private protected public return short static strictfp super switch " +
  "synchronized this throw throws transient try void volatile while true false null var record yield sealed permits";

/** Keywords, and methods that every object has. */
export const METHOD_RESERVED: ReadonlySet<string> = new Set(
  `${KEYWORDS} clone equals finalize getClass hashCode notify notifyAll toString wait put putOptional wire values`.split(
    " ",
  ),
);

/** Classes of `java.lang` that the files use, and classes of the package itself. */
export const CLASS_RESERVED: readonly string[] = (
  "Object String Boolean Long Double Integer Override Deprecated List Map Instant Rule Checks PlanObject WireText Event ProfileUpdate Problem " +
  "PlanViolation UserId Sink Base Analytics Recording MixpanelJava MixpanelAndroid"
).split(" ");
