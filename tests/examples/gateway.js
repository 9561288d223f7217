// node gateway.js URL TOKEN-FILE USER, the password on standard input
const { readFileSync } = require("node:fs");

const [url, tokenFile, loginUsername] = process.argv.slice(2);
const [token] = readFileSync(tokenFile, "utf8").split(/\s/);
const [loginPassword] = readFileSync(0, "utf8").split("\n");
fetch(`${url}/v1/Authenticate`, {
  method: "POST",
  headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
  body: JSON.stringify({ loginUsername, loginPassword }),
  signal: AbortSignal.timeout(120_000),
}).then(async (response) => {
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.title}: ${answer.detail}`);
  const { outcome, message, user } = answer;
  console.log(user ? `welcome, ${user.displayName} (${user.role})` : `${outcome}: ${message}`);
});
