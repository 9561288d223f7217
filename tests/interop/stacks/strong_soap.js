// Node's strong-soap, which makes its calls from the WSDL: see stacks.sh for the arguments and what is printed.
const fs = require('fs');
const { soap } = require('strong-soap');

async function main(calls, version, ...urls) {
  const lines = fs.readFileSync(calls, 'utf8').split('\n').filter(Boolean);
  const port = version === '1.2' ? 'Soap12' : 'Soap';
  for (const url of urls) {
    const services = {};
    for (const line of lines) {
      const [name, service, operation, , ...texts] = line.split('\t');
      const variables = texts.map((text) => text.replaceAll('\\n', '\n').replaceAll('\\t', '\t'));
      services[service] ??= await open(`${url}/${service}.asmx?WSDL`, { forceSoap12Headers: version === '1.2' });
      console.log([url, name, await said(services[service][service][service + port][operation], operation, variables)].join('\t'));
    }
  }
}

function open(wsdl, options) {
  return new Promise((resolve, reject) => soap.createClient(wsdl, options, (error, client) => (error ? reject(error) : resolve(client))));
}

function said(call, operation, variables) {
  return new Promise((resolve) => {
    call({ inputs: { InputVariables: { string: variables } } }, (error, answer) => {
      const fault = error?.root?.Envelope?.Body.Fault;
      if (error) return resolve(fault ? `fault|${fault.faultstring ?? fault.Reason.Text.$value ?? fault.Reason.Text}` : `error|${error.message}`);
      const result = answer[`${operation}Result`];
      const texts = [result.Success, result.Message, ...[result.OutputVariables?.string ?? []].flat()];
      resolve(texts.join('|').replaceAll('\n', '\\n').replaceAll('\t', '\\t'));
    });
  });
}

main(...process.argv.slice(2));
