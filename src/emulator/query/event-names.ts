// Names, properties and values that were seen. Counted since the start, not over 31 days. Source (read 2026-11): Mixpanel "Query API".
import { type Answer, type Call, json, refuse } from "../http/call.ts";
import { refuseOther } from "../http/credentials.ts";
import { answerTooMany } from "../http/ingestion-answers.ts";

function limitOf(call: Call, fallback: number): number {
  const limit = Number(call.query.get("limit") ?? fallback);
  return Number.isInteger(limit) && limit > 0 ? limit : fallback;
}

/** `/api/query/events/names`, `top`, `properties/top`, `properties/values`. */
export function answerEventNames(call: Call): Answer {
  const refused = refuseOther(call);
  if (refused) return refused;
  const { project, path, query } = call;
  if (!project.limits.take("query")) return answerTooMany(call);
  const event = query.get("event") ?? "";
  switch (path.slice("/api/query/events/".length)) {
    case "names":
      return json(
        200,
        project.names
          .names()
          .slice(0, limitOf(call, 255))
          .map((one) => one.event),
      );
    case "top":
      return json(200, {
        events: project.names
          .names()
          .slice(0, limitOf(call, 100))
          .map((one) => ({ event: one.event, amount: one.count, percent_change: 0 })),
        type: query.get("type") ?? "general",
      });
    case "properties/top":
      if (event === "") return refuse(400, "event is a required parameter");
      return json(
        200,
        Object.fromEntries(
          project.names
            .properties(event)
            .slice(0, limitOf(call, 10))
            .map(({ name, count }) => [name, { count }]),
        ),
      );
    case "properties/values":
      if (event === "" || (query.get("name") ?? "") === "")
        return refuse(400, "event and name are required parameters");
      return json(200, project.names.values(event, query.get("name") ?? "").slice(0, limitOf(call, 255)));
    default:
      return refuse(404, "the local Mixpanel does not have this query");
  }
}
