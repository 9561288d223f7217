// JAX-WS (Metro), with proxies that wsimport made of the WSDLs: see stacks.sh for the arguments and what is printed.
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.xml.namespace.QName;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.Service;
import javax.xml.ws.soap.SOAPFaultException;

public class JaxWs {
    public static void main(String[] args) throws Exception {
        String port = args[1].equals("1.2") ? "Soap12" : "Soap";
        for (String url : Arrays.asList(args).subList(2, args.length)) {
            Map<String, Object> services = new HashMap<>();
            for (String line : Files.readAllLines(Path.of(args[0]))) {
                String[] fields = line.split("\t", -1);
                String service = fields[1];
                if (!services.containsKey(service)) services.put(service, open(url, service, port));
                List<String> variables = new ArrayList<>();
                for (String text : Arrays.asList(fields).subList(4, fields.length)) variables.add(text.replace("\\n", "\n").replace("\\t", "\t"));
                System.out.println(url + "\t" + fields[0] + "\t" + said(services.get(service), fields[2], variables));
            }
        }
    }

    static Object open(String url, String service, String port) throws Exception {
        String namespace = "http://tempuri.org/", address = url + "/" + service + ".asmx";
        Service made = Service.create(new java.net.URL(address + "?WSDL"), new QName(namespace, service));
        Object proxy = made.getPort(new QName(namespace, service + port), Class.forName(service.toLowerCase() + "." + service + "Soap"));
        ((BindingProvider) proxy).getRequestContext().put(BindingProvider.ENDPOINT_ADDRESS_PROPERTY, address);
        return proxy;
    }

    static String said(Object proxy, String operation, List<String> variables) throws Exception {
        String name = operation.substring(0, 1).toLowerCase() + operation.substring(1);
        Method method = Arrays.stream(proxy.getClass().getMethods()).filter(m -> m.getName().equals(name)).findFirst().get();
        Class<?> type = method.getParameterTypes()[0];
        Object inputs = type.getConstructor().newInstance();
        Class<?> list = type.getMethod("getInputVariables").getReturnType();
        Object strings = list.getConstructor().newInstance();
        ((List<String>) list.getMethod("getString").invoke(strings)).addAll(variables);
        type.getMethod("setInputVariables", list).invoke(inputs, strings);
        Object result;
        try {
            result = method.invoke(proxy, inputs);
        } catch (java.lang.reflect.InvocationTargetException error) {
            if (error.getCause() instanceof SOAPFaultException) return "fault|" + ((SOAPFaultException) error.getCause()).getFault().getFaultString();
            throw error;
        }
        List<Object> texts = new ArrayList<>(List.of(get(result, "isSuccess"), get(result, "getMessage")));
        texts.addAll((List<Object>) get(get(result, "getOutputVariables"), "getString"));
        return String.join("|", texts.stream().map(String::valueOf).toList()).replace("\n", "\\n").replace("\t", "\\t");
    }

    static Object get(Object of, String name) throws Exception {
        return of.getClass().getMethod(name).invoke(of);
    }
}
