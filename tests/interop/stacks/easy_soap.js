// Node's easy-soap-request, which sends what its user writes by hand: see stacks.sh for the arguments and what is printed.
const fs = require('fs');
const soapRequest = require('easy-soap-request');

const namespace = 'http://tempuri.org/';
const envelopes = { 1.1: 'http://schemas.xmlsoap.org/soap/envelope/', 1.2: 'http://www.w3.org/2003/05/soap-envelope' };

async function main(calls, version, ...urls) {
  const lines = fs.readFileSync(calls, 'utf8').split('\n').filter(Boolean);
  for (const url of urls) {
    for (const line of lines) {
      const [name, service, operation, , ...texts] = line.split('\t');
      const variables = texts.map((text) => text.replaceAll('\\n', '\n').replaceAll('\\t', '\t'));
      console.log([url, name, await said(`${url}/${service}.asmx`, version, operation, variables)].join('\t'));
    }
  }
}

async function said(url, version, operation, variables) {
  const strings = variables.map((text) => `          <tem:string>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(']]>', ']]&gt;')}</tem:string>`);
  const xml = `<soapenv:Envelope xmlns:soapenv="${envelopes[version]}" xmlns:tem="${namespace}">
  <soapenv:Header/>
  <soapenv:Body>
    <tem:${operation}>
      <tem:inputs>
        <tem:InputVariables>
${strings.join('\n')}
        </tem:InputVariables>
      </tem:inputs>
    </tem:${operation}>
  </soapenv:Body>
</soapenv:Envelope>`;
  const headers =
    version === '1.2'
      ? { 'Content-Type': `application/soap+xml;charset=UTF-8;action="${namespace}${operation}"` }
      : { 'Content-Type': 'text/xml;charset=UTF-8', soapAction: namespace + operation };
  const { response } = await soapRequest({ url, headers, xml, extraOpts: { validateStatus: () => true } });
  if (response.statusCode !== 200) return ['fault', ...texts(response.body, version === '1.2' ? 'soap:Text' : 'faultstring')].join('|');
  const [body] = response.body.split('<CustomFieldDataItems');
  return ['Success', 'Message', 'string'].flatMap((tag) => texts(body, tag)).join('|');
}

function texts(body, tag) {
  const found = [...body.matchAll(new RegExp(`<${tag}(?: [^>]*)?(?:/>|>([^<]*)</${tag}>)`, 'g'))];
  const plain = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&').replace(/&#x(\w+);/g, (_, digits) => String.fromCodePoint(parseInt(digits, 16)));
  return found.map((match) => plain(match[1] ?? '').replaceAll('\n', '\\n').replaceAll('\t', '\\t'));
}

main(...process.argv.slice(2));
