// How much a profile may remember. Names and values come from outside: every list has an end, and what does not fit is counted.

export interface ProfileCaps {
  /** Distinct event names, as spelled. */
  readonly events: number;
  /** Distinct property names of one event. */
  readonly propertiesPerEvent: number;
  /** Pairs of event and property, in all. */
  readonly properties: number;
  /** Sources, by the library that sent. */
  readonly sources: number;
  /** Distinct values of one property: more of them are no enum. With 0 texts are not classified either, which is a seventh of the work. */
  readonly valuesPerProperty: number;
  /** Distinct values, in all. */
  readonly values: number;
}

/** Caps that keep a profile below some 200 MB whatever it is fed. */
export const PROFILE_CAPS: ProfileCaps = {
  events: 2000,
  propertiesPerEvent: 250,
  properties: 40_000,
  sources: 24,
  valuesPerProperty: 30,
  values: 120_000,
};

/** Longest text that can be an enum's value. */
export const VALUE_MAX_CHARACTERS = 60;
/** A value is named only when this many users sent it: what fewer share may be about one of them. */
export const VALUE_MIN_USERS = 5;
/** Longest name that is remembered; Mixpanel allows 255. */
export const NAME_MAX_CHARACTERS = 255;
