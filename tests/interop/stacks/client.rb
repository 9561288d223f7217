# Ruby's soap4r, which makes its calls from the WSDL, in SOAP 1.1: see stacks.sh for the arguments and what is printed.
require 'soap/wsdlDriver'

def said(driver, operation, variables)
  result = driver.public_send(operation, inputs: { InputVariables: { string: variables } })[operation + 'Result']
  texts = [result.success, result.message, *result.outputVariables['string']]
  texts.join('|').gsub("\n", '\n').gsub("\t", '\t')
rescue SOAP::FaultError => error
  "fault|#{error.faultstring.data}"
end

calls, _version, *urls = ARGV
urls.each do |url|
  services = {}
  File.foreach(calls, chomp: true, encoding: 'UTF-8') do |line|
    name, service, operation, _, *variables = line.split("\t", -1)
    variables.each { |text| text.gsub!('\n', "\n"); text.gsub!('\t', "\t") }
    services[service] ||= SOAP::WSDLDriverFactory.new("#{url}/#{service}.asmx?WSDL").create_rpc_driver(service, "#{service}Soap")
    puts [url, name, said(services[service], operation, variables)].join("\t")
  end
end
