// The log port on pino: JSON lines on stderr. Fields that could carry a secret or a person are removed, whoever passes them by mistake.
import pino from "pino";
import type { Log } from "../../core/index.ts";

const REDACTED = [
  "token",
  "secret",
  "authorization",
  "properties",
  "value",
  "payload",
  "address",
  "email",
  "distinct_id",
];

/** Makes a log. `part` tells the threads apart. */
export function makePinoLog(options: { readonly level: string; readonly part: string }): Log {
  const logger = pino(
    {
      level: options.level,
      base: { part: options.part },
      redact: { paths: [...REDACTED, ...REDACTED.map((name) => `*.${name}`)], censor: "[redacted]" },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}
