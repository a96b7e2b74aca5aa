export type { Fault } from "./faults.ts";
export {
  DEFAULT_SERVICE_ACCOUNTS,
  startEmulator,
  type Emulator,
  type EmulatorOptions,
} from "./start-emulator.ts";
export type { EmulatorStore } from "./store/event-store.ts";
export { SWITCHES, type SwitchName } from "./switches.ts";
