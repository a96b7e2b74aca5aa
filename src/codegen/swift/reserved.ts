// Names that Swift properties, cases and types of the generated client cannot have.

/** Keywords; Swift takes them between backticks. */
export const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "associatedtype class deinit enum extension fileprivate func import init inout internal let open operator private precedencegroup protocol " +
    "public rethrows static struct subscript typealias var break case catch continue default defer do else fallthrough for guard if in repeat " +
    "return throw switch where while Any as await false is nil self Self super throws true try"
  ).split(" "),
);

/** Types that the files use, and those of the package itself. */
export const TYPE_RESERVED: readonly string[] = (
  "Any String Bool Double Int Date Set Array Rule Found Sink Operation Problem UserId PlanObject Event EventHead ProfileUpdate Analytics Recording " +
  "MixpanelSwift Type Protocol Self NSNull NSLock Error"
).split(" ");
