// Apache Axis 1, with stubs that WSDL2Java made of the WSDLs, in SOAP 1.1: see stacks.sh for the arguments and what is printed.
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.axis.AxisFault;

public class Axis {
    public static void main(String[] args) throws Exception {
        for (String url : Arrays.asList(args).subList(2, args.length)) {
            Map<String, Object> services = new HashMap<>();
            for (String line : Files.readAllLines(Path.of(args[0]))) {
                // Axis writes each half of a surrogate pair as a reference of its own, which is not XML.
                if (line.chars().anyMatch(c -> Character.isSurrogate((char) c))) {
                    System.out.println(url + "\t" + line.split("\t")[0] + "\tskipped");
                    continue;
                }
                String[] fields = line.split("\t", -1);
                String service = fields[1];
                if (!services.containsKey(service)) services.put(service, open(url, service));
                String[] variables = Arrays.copyOfRange(fields, 4, fields.length);
                for (int i = 0; i < variables.length; i++) variables[i] = variables[i].replace("\\n", "\n").replace("\\t", "\t");
                System.out.println(url + "\t" + fields[0] + "\t" + said(services.get(service), fields[2], variables));
            }
        }
    }

    static Object open(String url, String service) throws Exception {
        Class<?> locator = Class.forName(service.toLowerCase() + "." + service + "Locator");
        Object made = locator.getConstructor().newInstance();
        return locator.getMethod("get" + service + "Soap", URL.class).invoke(made, new URL(url + "/" + service + ".asmx"));
    }

    static String said(Object stub, String operation, String[] variables) throws Exception {
        String name = operation.substring(0, 1).toLowerCase() + operation.substring(1);
        Method method = Arrays.stream(stub.getClass().getMethods()).filter(m -> m.getName().equals(name)).findFirst().get();
        Class<?> type = method.getParameterTypes()[0];
        Object inputs = type.getConstructor().newInstance(), result;
        type.getMethod("setInputVariables", String[].class).invoke(inputs, (Object) variables);
        try {
            result = method.invoke(stub, inputs);
        } catch (InvocationTargetException error) {
            if (error.getCause() instanceof AxisFault) return "fault|" + ((AxisFault) error.getCause()).getFaultString();
            throw error;
        }
        List<String> texts = new ArrayList<>();
        texts.add(get(result, "isSuccess").toString());
        texts.add((String) get(result, "getMessage"));
        texts.addAll(Arrays.asList((String[]) get(result, "getOutputVariables")));
        return String.join("|", texts).replace("\n", "\\n").replace("\t", "\\t");
    }

    static Object get(Object of, String name) throws Exception {
        return of.getClass().getMethod(name).invoke(of);
    }
}
