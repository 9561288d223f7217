// A provider written with Node's soap, which reads its WSDL from a file: provider.js WSDL
// Listens on a free port of loopback and says so; the web service password comes from INTEROP_PASSWORD.
const fs = require('fs');
const http = require('http');
const soap = require('soap');

function answer({ inputs }, isKnown) {
  const texts = [inputs?.InputVariables?.string ?? []].flat();
  const variables = Object.fromEntries(texts.map((text) => text.split(/=(.*)/s)));
  if (variables.authPW !== process.env.INTEROP_PASSWORD) return { Success: false, Message: 'Permission Denied', OutputVariables: {} };
  return isKnown(variables)
    ? { Success: true, Message: 'Login Successful', OutputVariables: { string: ['Authentication=OK', 'EmailAddress=myusername@example.com'] } }
    : { Success: true, Message: 'Login Failure', OutputVariables: { string: ['Authentication=FAIL'] } };
}

const operations = {
  Authenticate: (request) => ({ AuthenticateResult: answer(request, (v) => v.loginUsername === 'myusername' && v.loginPassword === 'mypassword') }),
  GetSignInCookieInfo: (request) => ({ GetSignInCookieInfoResult: answer(request, (v) => v.loginUsername === 'myusername') }),
};

const server = http.createServer((_, response) => response.writeHead(404).end());
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}/Provider.asmx`;
  const wsdl = fs.readFileSync(process.argv[2], 'utf8');
  const [service] = wsdl.match(/(?<=<wsdl:service name=")[^"]*/);
  soap.listen(server, '/Provider.asmx', { [service]: { [`${service}Soap`]: operations, [`${service}Soap12`]: operations } }, wsdl);
  console.log(`listening on ${url}`);
});
