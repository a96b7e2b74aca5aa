// How many items a key may send: a bucket that fills at a steady rate and holds a short burst.
import type { EpochMs } from "../../core/index.ts";

/** Seconds of rate that a bucket holds. */
const BURST_SECONDS = 10;
/** Keys remembered; beyond it the longest unseen are forgotten, and start with a full bucket again. */
const KEYS_MAX = 50_000;

interface Bucket {
  level: number;
  at: EpochMs;
}

export interface RateLimiter {
  /** Takes `count` items; false when there is not enough left, and then nothing is taken. */
  take(key: string, count: number, perSecond: number): boolean;
}

/** Makes a limiter over wall time `now`. A request larger than the whole bucket passes when the bucket is full. */
export function makeRateLimiter(now: () => EpochMs): RateLimiter {
  const buckets = new Map<string, Bucket>();
  return {
    take: (key, count, perSecond) => {
      const at = now();
      const size = perSecond * BURST_SECONDS;
      const bucket = buckets.get(key) ?? { level: size, at };
      buckets.delete(key);
      bucket.level = Math.min(size, bucket.level + ((at - bucket.at) / 1000) * perSecond);
      bucket.at = at;
      buckets.set(key, bucket);
      if (buckets.size > KEYS_MAX)
        for (const oldest of buckets.keys()) return buckets.delete(oldest) && takeFrom(bucket, count, size);
      return takeFrom(bucket, count, size);
    },
  };
}

function takeFrom(bucket: Bucket, count: number, size: number): boolean {
  const needed = Math.min(count, size);
  if (bucket.level < needed) return false;
  bucket.level -= needed;
  return true;
}
