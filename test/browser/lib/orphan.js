// Starts a stack and dies without a word to it; run by cases/stack.js.
import { writeSync } from "node:fs";
import { startStack } from "./stack.js";

const { child, ended, ...addresses } = await startStack();
writeSync(1, JSON.stringify({ ...addresses, pid: child.pid }));
process.kill(process.pid, "SIGKILL");
