<?php
// PHP's SoapClient, which makes its calls from the WSDL: see stacks.sh for the arguments and what is printed.
[, $calls, $version] = $argv;
foreach (array_slice($argv, 3) as $url) {
    $services = [];
    foreach (file($calls, FILE_IGNORE_NEW_LINES) as $line) {
        [$name, $service, $operation] = $fields = explode("\t", $line);
        $variables = array_map(fn($text) => strtr($text, ['\n' => "\n", '\t' => "\t"]), array_slice($fields, 4));
        $services[$service] ??= new SoapClient("$url/$service.asmx?WSDL", [
            'cache_wsdl' => WSDL_CACHE_NONE,
            'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
            'soap_version' => $version === '1.2' ? SOAP_1_2 : SOAP_1_1,
        ]);
        echo "$url\t$name\t", said($services[$service], $operation, $variables), "\n";
    }
}

function said(SoapClient $client, string $operation, array $variables): string
{
    try {
        $answer = $client->$operation(['inputs' => ['InputVariables' => ['string' => $variables]]]);
    } catch (SoapFault $fault) {
        return "fault|$fault->faultstring";
    }
    $result = $answer->{$operation . 'Result'};
    $texts = [$result->Success ? 'true' : 'false', $result->Message ?? '', ...$result->OutputVariables->string ?? []];
    return strtr(implode('|', $texts), ["\n" => '\n', "\t" => '\t']);
}
