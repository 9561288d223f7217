// A provider written with JAX-WS, which makes its WSDL itself, with its schema in a document of its own.
// Listens on a free port of loopback and says so; the web service password comes from INTEROP_PASSWORD.
package provider;

import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.jws.WebMethod;
import javax.jws.WebParam;
import javax.jws.WebResult;
import javax.jws.WebService;
import javax.xml.bind.annotation.XmlElement;
import javax.xml.bind.annotation.XmlType;
import javax.xml.ws.Endpoint;

@WebService(name = "ProviderSoap", serviceName = "Provider", portName = "ProviderSoap", targetNamespace = JaxWsProvider.NS)
public class JaxWsProvider {
    static final String NS = "http://tempuri.org/";

    @XmlType(name = "ArrayOfString", namespace = NS)
    public static class ArrayOfString {
        @XmlElement(namespace = NS, nillable = true) public List<String> string = new ArrayList<>();
    }

    @XmlType(name = "ExternalLoginProviderInputs", namespace = NS)
    public static class Inputs {
        @XmlElement(name = "InputVariables", namespace = NS) public ArrayOfString variables;
    }

    @XmlType(name = "ExternalLoginProviderResult", namespace = NS, propOrder = {"success", "message", "outputs"})
    public static class Result {
        @XmlElement(name = "Success", namespace = NS, required = true) public boolean success;
        @XmlElement(name = "Message", namespace = NS) public String message;
        @XmlElement(name = "OutputVariables", namespace = NS) public ArrayOfString outputs = new ArrayOfString();
    }

    @WebMethod(operationName = "Authenticate", action = NS + "Authenticate")
    @WebResult(name = "AuthenticateResult", targetNamespace = NS)
    public Result authenticate(@WebParam(name = "inputs", targetNamespace = NS) Inputs inputs) {
        Map<String, String> variables = read(inputs);
        return answer(variables, "myusername".equals(variables.get("loginUsername")) && "mypassword".equals(variables.get("loginPassword")));
    }

    @WebMethod(operationName = "GetSignInCookieInfo", action = NS + "GetSignInCookieInfo")
    @WebResult(name = "GetSignInCookieInfoResult", targetNamespace = NS)
    public Result getSignInCookieInfo(@WebParam(name = "inputs", targetNamespace = NS) Inputs inputs) {
        Map<String, String> variables = read(inputs);
        return answer(variables, "myusername".equals(variables.get("loginUsername")));
    }

    private static Map<String, String> read(Inputs inputs) {
        Map<String, String> variables = new HashMap<>();
        for (String text : inputs.variables.string) variables.put(text.split("=", 2)[0], text.split("=", 2)[1]);
        return variables;
    }

    private static Result answer(Map<String, String> variables, boolean known) {
        Result result = new Result();
        result.success = System.getenv("INTEROP_PASSWORD").equals(variables.get("authPW"));
        result.message = !result.success ? "Permission Denied" : known ? "Login Successful" : "Login Failure";
        if (result.success) result.outputs.string = known ? List.of("Authentication=OK", "EmailAddress=myusername@example.com") : List.of("Authentication=FAIL");
        return result;
    }

    public static void main(String[] args) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Endpoint.publish("http://127.0.0.1:" + port + "/Provider.asmx", new JaxWsProvider());
        System.out.println("listening on http://127.0.0.1:" + port + "/Provider.asmx");
    }
}
