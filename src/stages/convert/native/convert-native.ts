export { convertUpstream as convertNative } from "../convert-upstream.js";
