// Who is in the shop's Mixpanel, and what is wrong with each: ranges of people, so that every count is known before anything is sent.
import type { Properties } from "../local-project.ts";

/** Id of the n-th person, as the shop's history writes it. */
export function personId(person: number): string {
  const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, "0");
  return `7d4e${hex(person % 65_536, 4)}-3c1a-4b5d-8e6f-${hex(person, 12)}`;
}

export function emailOf(person: number): string {
  return `person${person}@example.com`;
}

/** Half-open. */
interface Range {
  readonly from: number;
  readonly to: number;
}
const range = (from: number, count: number): Range => ({ from, to: from + count });
const has = ({ from, to }: Range, person: number): boolean => person >= from && person < to;

/** Everybody in the database; the first {@link PROFILED} have a profile. */
export const PEOPLE = range(0, 900);
const PROFILED = range(0, 600);
const MESS = {
  spelled: range(0, 60),
  renamed: range(60, 40),
  textBoolean: range(100, 50),
  textNumber: range(150, 50),
  nobodyWrites: range(200, 120),
  spelledState: range(320, 30),
  addressInName: range(350, 20),
  twice: range(370, 25),
  emailId: range(400, 15),
  /** Closed their accounts long ago: not in the database. */
  gone: range(2000, 35),
};
const countOf = ({ from, to }: Range): number => to - from;
const members = ({ from, to }: Range): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

function fromState(person: number): Properties {
  return { $email: emailOf(person), $name: `Person ${person}`, plan_tier: "free", country: "DE" };
}

function fromApps(person: number): Properties {
  return {
    ...(has(MESS.spelled, person) ? { Theme: "dark" } : { theme: "dark" }),
    ...(has(MESS.renamed, person)
      ? { newsletterOptIn: true }
      : { wants_newsletter: has(MESS.textBoolean, person) ? "true" : true }),
    app_opens: has(MESS.textNumber, person) ? String(person) : person,
    ...(has(MESS.nobodyWrites, person) ? { legacy_score: person } : {}),
    ...(has(MESS.spelledState, person) ? { planTier: "plus" } : {}),
    ...(has(MESS.addressInName, person) ? { nickname: `nick${person}@example.com` } : {}),
  };
}

/** User profiles as a year of careless writing left them, by id. */
export function messyProfiles(): Readonly<Record<string, Properties>> {
  const whole = (person: number): Properties => ({ ...fromState(person), ...fromApps(person) });
  const isByEmail = (person: number): boolean => has(MESS.emailId, person);
  return Object.fromEntries([
    ...members(PROFILED).map((person) => [
      isByEmail(person) ? emailOf(person) : personId(person),
      whole(person),
    ]),
    ...members(MESS.twice).map((person) => [
      `old-${person}`,
      { $email: emailOf(person).toUpperCase(), theme: "light", app_opens: 1 },
    ]),
    ...members(MESS.gone).map((person) => [personId(person), whole(person)]),
  ]) as Readonly<Record<string, Properties>>;
}

const COMPANIES = { textSeats: range(0, 6), spelledName: range(6, 4), nobodyWrites: range(10, 5) };

/** How often each trouble of a profile was planted, by the id of the trouble. */
export const PLANTED: Readonly<Record<string, number>> = {
  spelled: countOf(MESS.spelled),
  renamed: countOf(MESS.renamed),
  "spelled-state": countOf(MESS.spelledState),
  "text-boolean": countOf(MESS.textBoolean),
  "text-number": countOf(MESS.textNumber),
  "nobody-writes": countOf(MESS.nobodyWrites),
  "address-in-name": countOf(MESS.addressInName),
  twice: countOf(MESS.twice),
  gone: countOf(MESS.gone),
  "email-ids": countOf(MESS.emailId),
  "company-text": countOf(COMPANIES.textSeats),
  "company-spelled": countOf(COMPANIES.spelledName),
  "company-nobody-writes": countOf(COMPANIES.nobodyWrites),
};

/** Profiles of the group key `company`. */
export function messyCompanies(): Readonly<Record<string, Properties>> {
  return Object.fromEntries(
    members(range(0, 20)).map((company) => [
      `company-${company}`,
      {
        seats: has(COMPANIES.textSeats, company) ? "12" : 12,
        ...(has(COMPANIES.spelledName, company) ? { Nickname: "The mill" } : { nickname: "The mill" }),
        ...(has(COMPANIES.nobodyWrites, company) ? { legacy_segment: "b" } : {}),
      },
    ]),
  );
}

/** SQL that makes the users of the shop's database. */
export function usersSql(): string {
  const rows = members(PEOPLE).map(
    (person) => `('${personId(person)}', '${emailOf(person)}', 'Person ${person}')`,
  );
  return `insert into users (id, email, name) values ${rows.join(", ")};`;
}
