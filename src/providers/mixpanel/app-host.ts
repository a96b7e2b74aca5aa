// Where Mixpanel's queries and management live, told from the host that takes data.

/** Source (read 2026-11): Mixpanel "Service endpoints": ingestion has hosts of its own, queries and the application share one a region. */
const APP_HOSTS: Readonly<Record<string, string>> = {
  "api.mixpanel.com": "mixpanel.com",
  "api-js.mixpanel.com": "mixpanel.com",
  "data.mixpanel.com": "mixpanel.com",
  "api-eu.mixpanel.com": "eu.mixpanel.com",
  "data-eu.mixpanel.com": "eu.mixpanel.com",
  "api-in.mixpanel.com": "in.mixpanel.com",
  "data-in.mixpanel.com": "in.mixpanel.com",
};

/** Tells Mixpanel's own hosts from others, as the local Mixpanel's. */
export function isMixpanelHost(host: string): boolean {
  return /(?:^|\.)mixpanel\.com$/.test(new URL(host).hostname);
}

/** Origin of `/api/query` and `/api/app` for an ingestion host; a host that is not Mixpanel's own stays. */
export function appOrigin(host: string): string {
  const url = new URL(host);
  url.host = APP_HOSTS[url.host] ?? url.host;
  return url.origin;
}

/** Source (read 2026-11): Mixpanel "Raw Event Export": a host of its own for each region. */
const EXPORT_HOSTS: Readonly<Record<string, string>> = {
  "api.mixpanel.com": "data.mixpanel.com",
  "api-js.mixpanel.com": "data.mixpanel.com",
  "api-eu.mixpanel.com": "data-eu.mixpanel.com",
  "api-in.mixpanel.com": "data-in.mixpanel.com",
};

/** Origin of the raw export for an ingestion host; a host that is not Mixpanel's own stays. */
export function exportOrigin(host: string): string {
  const url = new URL(host);
  url.host = EXPORT_HOSTS[url.host] ?? url.host;
  return url.origin;
}
