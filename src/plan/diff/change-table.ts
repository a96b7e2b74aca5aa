// What each kind of change means, on four axes. The table is data: the guide prints it, and a test shows an example of every row.

/** Who is hurt: callers of generated clients; stored history and its readers; releases in the wild; what the provider can follow. */
export const AXES = ["code", "data", "rollout", "provider"] as const;
export type Axis = (typeof AXES)[number];

/** `none`: nobody notices. `warns`: somebody should know. `breaks`: something stops working or lies. */
export type Grade = "none" | "warns" | "breaks";

export interface AxisEffect {
  readonly grade: Grade;
  /** One short sentence; absent for `none` where there is nothing to say. */
  readonly why?: string;
}

export interface ChangeRow {
  /** What happened, as a sentence about `at`. */
  readonly title: string;
  readonly code: AxisEffect;
  readonly data: AxisEffect;
  readonly rollout: AxisEffect;
  readonly provider: AxisEffect;
  /** Least version bump where no axis asks for more. */
  readonly bump: Bump;
  /** An error whatever the gates say. */
  readonly always?: true;
}

export type Bump = "none" | "patch" | "minor" | "major";

const NONE: AxisEffect = { grade: "none" };
const none = (why: string): AxisEffect => ({ grade: "none", why });
const warns = (why: string): AxisEffect => ({ grade: "warns", why });
const breaks = (why: string): AxisEffect => ({ grade: "breaks", why });

const GATEWAY_FIRST = none("Deploy the gateway before the clients");
const STAMPED = "Releases without the plan's stamp fail; stamped ones are judged by their own plan";
const MIXED = warns("The provider keeps both types under one name");

/** Rows by kind of change. */
export const CHANGES = {
  "event-added": {
    title: "Event added",
    code: NONE,
    data: NONE,
    rollout: GATEWAY_FIRST,
    provider: NONE,
    bump: "minor",
  },
  "property-added": {
    title: "Optional property added",
    code: NONE,
    data: NONE,
    rollout: GATEWAY_FIRST,
    provider: NONE,
    bump: "minor",
  },
  "profile-property-added": {
    title: "Profile property added",
    code: NONE,
    data: NONE,
    rollout: GATEWAY_FIRST,
    provider: NONE,
    bump: "minor",
  },
  "required-property-added": {
    title: "Required property added",
    code: breaks("Calls without it do not compile"),
    data: warns("History has nothing under this name"),
    rollout: breaks(STAMPED),
    provider: NONE,
    bump: "major",
  },
  "property-now-required": {
    title: "Property is required now",
    code: breaks("Calls without it do not compile"),
    data: NONE,
    rollout: breaks(STAMPED),
    provider: NONE,
    bump: "major",
  },
  "property-now-optional": {
    title: "Property is optional now",
    code: none("Types loosen"),
    data: warns("Nothing may stand where something always stood"),
    rollout: NONE,
    provider: NONE,
    bump: "minor",
  },
  "property-removed": {
    title: "Property removed",
    code: breaks("Calls with it do not compile"),
    data: breaks("What was built on it stops moving"),
    rollout: breaks("Releases that send it lose it quietly, or their events"),
    provider: none("It stays in the provider's history; hide it there"),
    bump: "major",
  },
  "type-changed": {
    title: "Type changed",
    code: breaks("Calls with the old type do not compile"),
    data: breaks("Two types under one name"),
    rollout: breaks(STAMPED),
    provider: MIXED,
    bump: "major",
  },
  "constraint-narrowed": {
    title: "Less is allowed",
    code: breaks("Checks refuse what was right"),
    data: warns("History holds what is wrong now"),
    rollout: breaks(STAMPED),
    provider: NONE,
    bump: "major",
  },
  "constraint-widened": {
    title: "More is allowed",
    code: NONE,
    data: warns("Readers meet values they have not seen"),
    rollout: NONE,
    provider: NONE,
    bump: "minor",
  },
  "enum-value-added": {
    title: "Value added to a closed enum",
    code: NONE,
    data: warns("Reports that list the values miss one"),
    rollout: GATEWAY_FIRST,
    provider: NONE,
    bump: "minor",
  },
  "open-enum-value-added": {
    title: "Known value added to an open enum",
    code: NONE,
    data: NONE,
    rollout: NONE,
    provider: NONE,
    bump: "minor",
  },
  "enum-value-removed": {
    title: "Value removed from an enum",
    code: breaks("Calls with it do not compile"),
    data: breaks("Reports on it stop moving"),
    rollout: breaks(STAMPED),
    provider: NONE,
    bump: "major",
  },
  "open-enum-value-removed": {
    title: "Known value removed from an open enum",
    code: breaks("Its name in code is gone; the text still passes"),
    data: NONE,
    rollout: NONE,
    provider: NONE,
    bump: "major",
  },
  "event-renamed": {
    title: "Event renamed, the old name is accepted",
    code: none("Its id stays: calls stay"),
    data: breaks("History has the old name"),
    rollout: none("The gateway rewrites the old name"),
    provider: warns("Merge the two names in Lexicon"),
    bump: "minor",
  },
  "event-renamed-without-was": {
    title: "Event renamed, the old name is unknown",
    code: none("Its id stays: calls stay"),
    data: breaks("History has the old name"),
    rollout: breaks("The old name is an unknown event; put it into `was`"),
    provider: warns("Merge the two names in Lexicon"),
    bump: "major",
  },
  "property-renamed": {
    title: "Property renamed, the old name is accepted",
    code: breaks("Calls name the property"),
    data: breaks("History has the old name"),
    rollout: none("The gateway rewrites the old name"),
    provider: warns("Merge the two names in Lexicon"),
    bump: "major",
  },
  "profile-property-renamed": {
    title: "Profile property renamed, the old name is accepted",
    code: none("Its id stays: calls stay"),
    data: breaks("Profiles hold the old name until they are written anew"),
    rollout: none("The gateway rewrites the old name"),
    provider: breaks(
      "Mixpanel cannot merge profile properties: fill the new one for everybody, then remove the old one",
    ),
    bump: "minor",
  },
  "profile-property-renamed-without-was": {
    title: "Profile property renamed, the old name is unknown",
    code: none("Its id stays: calls stay"),
    data: breaks("Profiles hold the old name until they are written anew"),
    rollout: breaks("The old name is an unknown property; put it into `was`"),
    provider: breaks(
      "Mixpanel cannot merge profile properties: fill the new one for everybody, then remove the old one",
    ),
    bump: "major",
  },
  "event-removed": {
    title: "Event removed",
    code: breaks("Its function is gone"),
    data: breaks("What was built on it stops moving"),
    rollout: breaks("Releases that send it send an unknown event"),
    provider: none("It stays in the provider's history; hide or drop it there"),
    bump: "major",
  },
  "event-replaced": {
    title: "Event removed, another one takes its name",
    code: breaks("Its function is gone"),
    data: breaks("History has the old name"),
    rollout: none("The gateway rewrites the old name"),
    provider: warns("Merge the two names in Lexicon"),
    bump: "major",
  },
  "profile-property-removed": {
    title: "Profile property removed",
    code: breaks("Its functions are gone"),
    data: breaks("What was built on it shows the last value for ever"),
    rollout: breaks("Releases that write it lose the write"),
    provider: warns("Profiles keep it until it is unset for everybody"),
    bump: "major",
  },
  "event-deprecated": {
    title: "Event deprecated",
    code: warns("Callers are told"),
    data: NONE,
    rollout: NONE,
    provider: NONE,
    bump: "minor",
  },
  "event-no-longer-deprecated": {
    title: "Event is no longer deprecated",
    code: NONE,
    data: NONE,
    rollout: NONE,
    provider: NONE,
    bump: "minor",
  },
  "deprecated-now-dropped": {
    title: "Deprecated event is dropped by the gateway now",
    code: NONE,
    data: breaks("It stops moving"),
    rollout: breaks("Releases that send it are not heard"),
    provider: NONE,
    bump: "major",
  },
  "old-name-forgotten": {
    title: "An old name is no longer accepted",
    code: NONE,
    data: NONE,
    rollout: breaks("Releases that send it send something unknown"),
    provider: NONE,
    bump: "major",
  },
  "old-name-added": {
    title: "An old name is accepted",
    code: NONE,
    data: NONE,
    rollout: none("The gateway rewrites it"),
    provider: NONE,
    bump: "minor",
  },
  "owner-tightened": {
    title: "Clients may no longer write it",
    code: breaks("Its setters are gone there"),
    data: NONE,
    rollout: breaks("Writes of releases in the wild are dropped"),
    provider: NONE,
    bump: "major",
  },
  "owner-loosened": {
    title: "Clients may write it now",
    code: none("Servers lose their setters"),
    data: warns("Trust falls: a client may send anything"),
    rollout: NONE,
    provider: NONE,
    bump: "minor",
  },
  "owner-changed": {
    title: "Another server writes it",
    code: breaks("Its setters are gone from the old owner"),
    data: NONE,
    rollout: breaks("Writes of the old owner are dropped"),
    provider: NONE,
    bump: "major",
  },
  "operation-removed": {
    title: "An operator is no longer allowed",
    code: breaks("Its function is gone"),
    data: warns("What the value means changes"),
    rollout: breaks("Writes with it are dropped"),
    provider: NONE,
    bump: "major",
  },
  "operation-added": {
    title: "An operator is allowed",
    code: NONE,
    data: warns("What the value means may change"),
    rollout: NONE,
    provider: NONE,
    bump: "minor",
  },
  "data-class-stricter": {
    title: "Stricter data class",
    code: breaks("Where clients must not send it, their parameter is gone"),
    data: breaks("Values are changed or missing from now on"),
    rollout: breaks("Values of releases in the wild are changed or removed"),
    provider: warns("History keeps what came before: clean it up"),
    bump: "major",
  },
  "data-class-looser": {
    title: "Looser data class",
    code: NONE,
    data: breaks("More personal data is kept: ask whoever answers for privacy"),
    rollout: NONE,
    provider: NONE,
    bump: "minor",
  },
  "data-class-changed": {
    title: "Another data class with the same rules",
    code: NONE,
    data: warns("Whoever answers for privacy should know"),
    rollout: NONE,
    provider: NONE,
    bump: "patch",
  },
  "source-dropped": {
    title: "A source may no longer send it",
    code: breaks("Its function is gone there"),
    data: breaks("It stops coming from there"),
    rollout: breaks("Releases of that source that send it fail"),
    provider: NONE,
    bump: "major",
  },
  "source-gained": {
    title: "A source may send it",
    code: NONE,
    data: warns("Counts grow"),
    rollout: GATEWAY_FIRST,
    provider: NONE,
    bump: "minor",
  },
  "plan-source-added": {
    title: "Source added",
    code: NONE,
    data: NONE,
    rollout: NONE,
    provider: NONE,
    bump: "minor",
  },
  "plan-source-removed": {
    title: "Source removed",
    code: breaks("Its client is gone"),
    data: breaks("Nothing comes from there any more"),
    rollout: breaks("Its token is unknown"),
    provider: NONE,
    bump: "major",
  },
  "trust-changed": {
    title: "Trust of a source changed",
    code: breaks("Its client has another form"),
    data: warns("Who may write what changes"),
    rollout: breaks("Writes that the new trust does not allow are dropped"),
    provider: NONE,
    bump: "major",
  },
  "user-id-changed": {
    title: "Form of user ids changed",
    code: breaks("Ids of the old form do not compile"),
    data: breaks("One person has two ids"),
    rollout: breaks("Events with ids of the old form are refused"),
    provider: breaks("Mixpanel cannot rename an id for stored events"),
    bump: "major",
  },
  "reset-changed": {
    title: "Events that end a session changed",
    code: NONE,
    data: warns("Who is counted as one person may change"),
    rollout: NONE,
    provider: NONE,
    bump: "minor",
  },
  "policy-tightened": {
    title: "The gateway is stricter",
    code: NONE,
    data: warns("Less arrives"),
    rollout: breaks("Releases that relied on it lose data"),
    provider: NONE,
    bump: "major",
  },
  "policy-loosened": {
    title: "The gateway is more lenient",
    code: NONE,
    data: warns("More arrives than the plan has"),
    rollout: NONE,
    provider: NONE,
    bump: "minor",
  },
  "described-anew": {
    title: "Description, owner or tags changed",
    code: NONE,
    data: NONE,
    rollout: NONE,
    provider: none("Lexicon can be told"),
    bump: "patch",
  },
  "name-reused": {
    title: "A name that had another meaning is used again",
    code: breaks("Old code may call the new meaning"),
    data: breaks("Two meanings in one history"),
    rollout: breaks("Releases in the wild send the old meaning"),
    provider: breaks("History cannot be told apart"),
    bump: "major",
    always: true,
  },
  "id-reused": {
    title: "An id that had another meaning is used again",
    code: breaks("Callers keep compiling and mean something else"),
    data: breaks("Two meanings in one history"),
    rollout: breaks("Releases in the wild send the old meaning"),
    provider: breaks("History cannot be told apart"),
    bump: "major",
    always: true,
  },
} as const satisfies Record<string, ChangeRow>;

export type ChangeKind = keyof typeof CHANGES;

/** One change between two plans. */
export interface Change {
  readonly kind: ChangeKind;
  /** Path in the plan, for example `events.userSignsUp.properties.plan_tier`. */
  readonly at: string;
  /** What exactly: names and limits of the plan, never values of users. */
  readonly detail?: string;
  /** Sources that are hurt; absent: all that send it. */
  readonly sources?: readonly string[];
}

/** The row of a change. */
export function rowOf(kind: ChangeKind): ChangeRow {
  return CHANGES[kind];
}
