// Answers `openspec validate --all --json` for one directory a line: reads {"dir", "strict"} lines, writes one report a line.
// Run with the folder that holds node_modules/@fission-ai/openspec as the only argument.
import { createInterface } from "node:readline";
import path from "node:path";
import { pathToFileURL } from "node:url";

const dist = path.join(process.argv[2], "node_modules/@fission-ai/openspec/dist");
const { ValidateCommand } = await import(pathToFileURL(path.join(dist, "commands/validate.js")));

const print = console.log;
console.warn = console.error = () => {};

for await (const line of createInterface({ input: process.stdin })) {
  const { dir, strict } = JSON.parse(line);
  const lines = [];
  console.log = (text) => lines.push(text);
  process.exitCode = 0;
  process.chdir(dir);
  try {
    await new ValidateCommand().execute(undefined, { all: true, json: true, strict, noInteractive: true });
    print(JSON.stringify({ exit: process.exitCode, report: lines.length ? JSON.parse(lines.join("\n")) : null }));
  } catch (error) {
    print(JSON.stringify({ exit: 1, crash: String(error?.message ?? error) }));
  }
  process.exitCode = 0;
}
