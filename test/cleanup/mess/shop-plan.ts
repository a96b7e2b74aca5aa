// The shop's own plan, and beside it what only apps know: properties that no database has, so that nothing but cleanup can repair them.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SHOP = new URL("../../../examples/shop/", import.meta.url).pathname;
const ONLY_APPS_KNOW = `people:
  app_opens: { type: integer, min: 0, data: none, owner: client, sources: [web], description: Starts of the app }
  wants_newsletter: { type: boolean, was: [newsletterOptIn], data: none, owner: client, sources: [web], description: Ticked the box }
  nickname: { type: string, data: none, owner: client, sources: [web], description: Name in the reviews }
groups:
  company:
    seats: { type: integer, min: 1, data: none, owner: server, description: Paid seats }
    nickname: { type: string, data: none, owner: client, description: What its people call it }
`;

/** Tables of the shop's database. */
export const SHOP_SCHEMA = readFileSync(join(SHOP, "schema.sql"), "utf8");

/** Environment variable with the shop's database. */
export const DATABASE_VARIABLE = "SHOP_DATABASE_URL";

/** Writes plan and configuration into an empty folder. */
export function writeShop(folder: string, mixpanelUrl: string): void {
  mkdirSync(join(folder, "plan"), { recursive: true });
  for (const path of ["plan.yaml", "plan"]) cpSync(join(SHOP, path), join(folder, path), { recursive: true });
  writeFileSync(join(folder, "plan/only-apps-know.yaml"), ONLY_APPS_KNOW);
  writeFileSync(
    join(folder, "plumbline.yaml"),
    `plumbline: 1
plan: plan.yaml
data: data
sources: { web: { token: shop_web_token }, api: { token: shop_api_token } }
destinations:
  product: { kind: mixpanel, host: "${mixpanelUrl}", token: mp_token, project_id: 1, service_account: { username: sa, secret: sa_secret }, id_merge: simplified, unofficial: true, backoff_ms: 5, backoff_max_ms: 20 }
people: { database: "\${${DATABASE_VARIABLE}}", destinations: [product] }
`,
  );
}
