// Profiles walked page by page by the engage query: what `ProviderReader.profiles` is at Mixpanel. A walk is a session there, whose pages any process
// can ask for; one that Mixpanel has forgotten begins anew, and the page says so. It never retries.
import type { ProfilePage, ProfileQuery, ProviderReader } from "../../core/index.ts";
import { type AppCaller, callApp } from "./app-call.ts";
import { appOrigin, isMixpanelHost } from "./app-host.ts";
import { readEngagePage } from "./profile-answers.ts";

export interface ProfilePagesOptions {
  readonly host: string;
  readonly projectId: number;
  readonly serviceAccount: { readonly username: string; readonly secret: string };
  readonly groupIds: Readonly<Record<string, number>>;
}

function defined(name: string): string {
  return `defined(properties[${JSON.stringify(name)}])`;
}

/** Filter for profiles that have a text within a property. Source (read 2026-11): Mixpanel "Segmentation Expressions". */
export function containsFilter(property: string, text: string): string {
  return `${JSON.stringify(text)} in properties[${JSON.stringify(property)}]`;
}

/** The filter of a query. Source (read 2026-11): Mixpanel "Segmentation Expressions". */
function whereOf({ where, havingAny, lacking = [] }: ProfileQuery): string {
  const terms = [
    ...(where === undefined ? [] : [`(${where})`]),
    ...(havingAny === undefined ? [] : [`(${havingAny.map(defined).join(" or ")})`]),
    ...lacking.map((name) => `(not ${defined(name)})`),
  ];
  return terms.join(" and ");
}

/** `undefined`: nobody has said the number. The local Mixpanel takes the key as well. */
function dataGroupId({ host, groupIds }: ProfilePagesOptions, group: string): string | undefined {
  const known = Object.hasOwn(groupIds, group) ? groupIds[group] : undefined;
  return known === undefined ? (isMixpanelHost(host) ? undefined : group) : String(known);
}

function formOf(query: ProfileQuery, dataGroup: string | undefined): URLSearchParams {
  const { ids, properties } = query;
  const form = new URLSearchParams();
  const where = whereOf(query);
  if (where !== "") form.set("where", where);
  if (ids) form.set("distinct_ids", JSON.stringify(ids));
  if (properties) form.set("output_properties", JSON.stringify(properties));
  if (dataGroup !== undefined) form.set("data_group_id", dataGroup);
  return form;
}

/** What `next` is made of: the session and the page. */
const CURSOR = /^(\d+) (.+)$/;
/** What Mixpanel answers about a session that it does not have. */
const FORGOTTEN = /uncached query/;

/** Makes the walk of one project. */
export function makeProfilePages(
  options: ProfilePagesOptions,
  caller: AppCaller,
): ProviderReader["profiles"] {
  const { username, secret } = options.serviceAccount;
  const url = `${appOrigin(options.host)}/api/query/engage?project_id=${options.projectId}`;
  const headers = {
    authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`,
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
  };
  return async (query, { after, signal }) => {
    const [, pageText, session] = CURSOR.exec(after ?? "") ?? [];
    const page = Number(pageText ?? 0);
    const { group } = query;
    const dataGroup = group === undefined ? undefined : dataGroupId(options, group);
    if (group !== undefined && dataGroup === undefined)
      return {
        kind: "refused",
        message: `Mixpanel reads groups by a number: say \`group_ids: { ${group}: … }\` of the destination (Project settings, Group keys)`,
      };
    const form = formOf(query, dataGroup);
    const ask = () =>
      callApp(
        caller,
        { method: "POST", url, headers, body: form.toString() },
        { signal, read: readEngagePage },
      );
    if (session !== undefined) {
      form.set("session_id", session);
      form.set("page", String(page));
    }
    let answer = await ask();
    const isForgotten = session !== undefined && answer.kind === "refused" && FORGOTTEN.test(answer.message);
    if (isForgotten) {
      form.delete("session_id");
      form.delete("page");
      answer = await ask();
    }
    if (answer.kind !== "answer") return answer;
    const { profiles, total, sessionId, pageSize } = answer.value;
    const at = isForgotten ? 0 : page;
    // Pages shrink where profiles are deleted meanwhile, so only the total says which is the last.
    const hasMore = (at + 1) * pageSize < total && sessionId !== "";
    const value: ProfilePage = {
      profiles,
      total,
      next: hasMore ? `${at + 1} ${sessionId}` : undefined,
      ...(isForgotten ? { isRestarted: true } : {}),
    };
    return { kind: "answer", value };
  };
}
