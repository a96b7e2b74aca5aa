export { makeTrafficProfile, type TrafficEvent, type TrafficProfile } from "./profile/traffic-profile.ts";
