<?php
// A provider written with PHP's SoapServer, which reads its WSDL from a file: INTEROP_WSDL=FILE php -S 127.0.0.1:PORT provider.php
// The web service password comes from INTEROP_PASSWORD.
class Provider
{
    public function Authenticate($request)
    {
        return ['AuthenticateResult' => $this->answer($request, fn($v) => [$v['loginUsername'] ?? '', $v['loginPassword'] ?? ''] === ['myusername', 'mypassword'])];
    }

    public function GetSignInCookieInfo($request)
    {
        return ['GetSignInCookieInfoResult' => $this->answer($request, fn($v) => ($v['loginUsername'] ?? '') === 'myusername')];
    }

    private function answer($request, callable $isKnown): array
    {
        $variables = [];
        foreach ($request->inputs->InputVariables->string ?? [] as $text) {
            [$key, $value] = explode('=', $text, 2);
            $variables[$key] = $value;
        }
        if (($variables['authPW'] ?? '') !== getenv('INTEROP_PASSWORD')) {
            return ['Success' => false, 'Message' => 'Permission Denied', 'OutputVariables' => []];
        }
        return $isKnown($variables)
            ? ['Success' => true, 'Message' => 'Login Successful', 'OutputVariables' => ['string' => ['Authentication=OK', 'EmailAddress=myusername@example.com']]]
            : ['Success' => true, 'Message' => 'Login Failure', 'OutputVariables' => ['string' => ['Authentication=FAIL']]];
    }
}

$server = new SoapServer(getenv('INTEROP_WSDL'), ['cache_wsdl' => WSDL_CACHE_NONE, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
$server->setClass(Provider::class);
$server->handle();
