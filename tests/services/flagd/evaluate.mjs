// Counts who gets which variant: evaluate.mjs MANIFEST FLAG USERS
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.FLAGD_MODULES + "/x.js");
const { FlagdCore } = require("@openfeature/flagd-core");
const [manifest, flag, users] = process.argv.slice(2);
const core = new FlagdCore();
core.setConfigurations(readFileSync(manifest, "utf8"));
const silent = { error() {}, warn() {}, info() {}, debug() {} };
let bits = "";
for (let user = 0; user < Number(users); user += 1) {
  const answer = core.resolveStringEvaluation(flag, "none", { targetingKey: `user-${user}` }, silent);
  bits += answer.value === "2.0.0" ? "1" : "0";
}
process.stdout.write(JSON.stringify(bits));
