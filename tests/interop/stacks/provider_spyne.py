"""A provider written with Python's spyne, in SOAP 1.1 (its 1.2 answers faults of 1.1): login, and who has a cookie.

    provider_spyne.py    listens on a free port of loopback and says so; the web service password comes from INTEROP_PASSWORD
"""

import os
from wsgiref.simple_server import WSGIRequestHandler, make_server

from spyne import Application, Array, Boolean, ComplexModel, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

NAMESPACE = "http://tempuri.org/"


class ExternalLoginProviderInputs(ComplexModel):
    __namespace__ = NAMESPACE
    InputVariables = Array(Unicode)


class ExternalLoginProviderResult(ComplexModel):
    __namespace__ = NAMESPACE
    Success = Boolean(min_occurs=1)
    Message = Unicode
    OutputVariables = Array(Unicode)


def answer(inputs, is_known):
    variables = dict(text.split("=", 1) for text in inputs.InputVariables)
    result = ExternalLoginProviderResult(Success=False, Message="Permission Denied", OutputVariables=[])
    if variables.get("authPW") != os.environ["INTEROP_PASSWORD"]:
        return result
    result.Success = True
    if is_known(variables):
        result.Message, result.OutputVariables = "Login Successful", ["Authentication=OK", "EmailAddress=myusername@example.com"]
    else:
        result.Message, result.OutputVariables = "Login Failure", ["Authentication=FAIL"]
    return result


class Provider(ServiceBase):
    @rpc(ExternalLoginProviderInputs, _returns=ExternalLoginProviderResult, _out_variable_name="AuthenticateResult")
    def Authenticate(self, inputs):
        return answer(inputs, lambda v: (v.get("loginUsername"), v.get("loginPassword")) == ("myusername", "mypassword"))

    @rpc(ExternalLoginProviderInputs, _returns=ExternalLoginProviderResult, _out_variable_name="GetSignInCookieInfoResult")
    def GetSignInCookieInfo(self, inputs):
        return answer(inputs, lambda v: v.get("loginUsername") == "myusername")


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


application = WsgiApplication(Application([Provider], NAMESPACE, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11()))
server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
print(f"listening on http://127.0.0.1:{server.server_port}/Provider.asmx", flush=True)
server.serve_forever()
