import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // They end what hangs; a busy machine takes a multiple of the usual time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two cores: more workers only make the timing-sensitive process tests wait for each other.
    maxWorkers: 2,
    reporters: process.env["CI"] ? ["default", "./test/closing-line.ts"] : ["default"],
    passWithNoTests: false,
  },
});
