// Answers StartTicket in JSON: Usage: TOKEN=… node json_provider.js PORT
const http = require("node:http");

function startTicket(ticket) {
  if (ticket.cf_Plan === "None")
    return { outcome: "refused", message: "You have no support plan." };
  if ((ticket.subject ?? "").toLowerCase().includes("server down"))
    return { outcome: "allowed", outputs: { departmentName: "Emergency", cf_Priority: "High" } };
  return { outcome: "allowed" };
}

const server = http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const known = request.headers.authorization === `Bearer ${process.env.TOKEN}`;
  response.writeHead(known ? 200 : 401, { "Content-Type": "application/json" });
  response.end(known ? JSON.stringify(startTicket(JSON.parse(Buffer.concat(pieces)))) : "{}");
});
server.listen(Number(process.argv[2]), "127.0.0.1", () =>
  console.log(`http://127.0.0.1:${server.address().port}/{operation}`));
