// Node's soap, which makes its calls from the WSDL: see stacks.sh for the arguments and what is printed.
const fs = require('fs');
const soap = require('soap');

async function main(calls, version, ...urls) {
  const lines = fs.readFileSync(calls, 'utf8').split('\n').filter(Boolean);
  for (const url of urls) {
    const services = {};
    for (const line of lines) {
      const [name, service, operation, , ...texts] = line.split('\t');
      const variables = texts.map((text) => text.replaceAll('\\n', '\n').replaceAll('\\t', '\t'));
      services[service] ??= await soap.createClientAsync(`${url}/${service}.asmx?WSDL`, { forceSoap12Headers: version === '1.2' });
      const port = service + (version === '1.2' ? 'Soap12' : 'Soap');
      console.log([url, name, await said(services[service][service][port][operation], variables)].join('\t'));
    }
  }
}

function said(call, variables) {
  return new Promise((resolve) => {
    call({ inputs: { InputVariables: { string: variables } } }, (error, answer) => {
      const fault = error?.root?.Envelope.Body.Fault;
      if (error) return resolve(fault ? `fault|${fault.faultstring ?? fault.Reason.Text.$value ?? fault.Reason.Text}` : `error|${error.message}`);
      const result = Object.values(answer)[0];
      const texts = [result.Success, result.Message, ...[result.OutputVariables?.string ?? []].flat()];
      resolve(texts.map((text) => (typeof text === 'object' ? '' : text)).join('|').replaceAll('\n', '\\n').replaceAll('\t', '\\t'));
    });
  });
}

main(...process.argv.slice(2));
