// .NET's own proxies, which wsdl.exe made of the WSDLs: see stacks.sh for the arguments and what is printed.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Web.Services.Protocols;

public static class DotNet
{
    public static void Main(string[] args)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        string folder = Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location);
        foreach (string url in args.Skip(2))
        {
            var services = new Dictionary<string, SoapHttpClientProtocol>();
            foreach (string line in File.ReadLines(args[0]))
            {
                string[] fields = line.Split('\t');
                string service = fields[1];
                if (!services.ContainsKey(service))
                {
                    Type type = Assembly.LoadFrom(Path.Combine(folder, service + args[1] + ".dll")).GetType(service);
                    services[service] = (SoapHttpClientProtocol)Activator.CreateInstance(type);
                    services[service].Url = url + "/" + service + ".asmx";
                }
                string[] variables = fields.Skip(4).Select(text => text.Replace("\\n", "\n").Replace("\\t", "\t")).ToArray();
                Console.WriteLine(url + "\t" + fields[0] + "\t" + Said(services[service], fields[2], variables));
            }
        }
        Ending.With(0);
    }

    static string Said(object proxy, string operation, string[] variables)
    {
        MethodInfo method = proxy.GetType().GetMethod(operation);
        object inputs = Activator.CreateInstance(method.GetParameters()[0].ParameterType);
        inputs.GetType().GetProperty("InputVariables").SetValue(inputs, variables);
        try
        {
            object result = method.Invoke(proxy, new[] { inputs });
            var texts = new[] { (bool)Get(result, "Success") ? "true" : "false", (string)Get(result, "Message") };
            return string.Join("|", texts.Concat((string[])Get(result, "OutputVariables"))).Replace("\n", "\\n").Replace("\t", "\\t");
        }
        catch (TargetInvocationException error)
        {
            return (error.InnerException is SoapException ? "fault|" : "error|") + error.InnerException.Message;
        }
    }

    static object Get(object of, string name)
    {
        return of.GetType().GetProperty(name).GetValue(of);
    }
}
