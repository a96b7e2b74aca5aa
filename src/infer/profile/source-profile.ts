// What is special about one source: where its events seem to come from. Servers that do not say `ip: 0` put every user into their data centre.
import type { TrafficSource } from "./traffic-source.ts";

const CITIES_MAX = 200;

export class SourceProfile {
  readonly source: TrafficSource;
  count = 0;
  /** Events with a city, and by city; cities beyond the cap only count. */
  placed = 0;
  readonly cities = new Map<string, number>();

  constructor(source: TrafficSource) {
    this.source = source;
  }

  add(properties: Readonly<Record<string, unknown>>): void {
    this.count += 1;
    const city = properties["$city"];
    if (typeof city !== "string") return;
    this.placed += 1;
    const known = this.cities.get(city);
    if (known !== undefined) this.cities.set(city, known + 1);
    else if (this.cities.size < CITIES_MAX) this.cities.set(city, 1);
  }

  /** Share of the most frequent city among events that have one. */
  get topCityShare(): number {
    return this.placed === 0 ? 0 : Math.max(0, ...this.cities.values()) / this.placed;
  }
}
