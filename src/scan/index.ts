export { SCAN_LANGUAGES, type CallSite, type ScanLanguage, type ScannedFile } from "./call-site.ts";
export { generatedNames } from "./generated-names.ts";
export { scanText, type ScanContext } from "./scan-text.ts";
export { type FileCalls, type Inventory, reconcile, SCAN_FINDINGS, type ScanFindingId } from "./reconcile.ts";
