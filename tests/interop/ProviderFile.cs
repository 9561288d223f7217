// A .NET client of a provider's file: the proxy that `wsdl` made of the service's own WSDL, Provider.dll beside this program.
//
//     ProviderFile.exe CALLS URL 1.1|1.2
//
// A line of CALLS is an operation and its variables, tabs between them. Prints a line for each: the message, the outputs, and what becomes of
// custom fields, as [NAME]=WORDS.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Web.Services.Protocols;

public static class ProviderFile
{
    public static void Main(string[] arguments)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        string folder = Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location);
        Type type = Assembly.LoadFrom(Path.Combine(folder, "Provider.dll")).GetType("Provider", true);
        var proxy = (SoapHttpClientProtocol)Activator.CreateInstance(type);
        proxy.Url = arguments[1];
        proxy.SoapVersion = arguments[2] == "1.2" ? SoapProtocolVersion.Soap12 : SoapProtocolVersion.Soap11;
        foreach (string line in File.ReadLines(arguments[0]))
        {
            string[] fields = line.Split('\t');
            MethodInfo method = type.GetMethod(fields[0]);
            object inputs = Activator.CreateInstance(method.GetParameters()[0].ParameterType);
            inputs.GetType().GetProperty("InputVariables").SetValue(inputs, fields.Skip(1).ToArray());
            object result = method.Invoke(proxy, new[] { inputs });
            if (!(bool)Get(result, "Success"))
                throw new Exception(line + ": " + Get(result, "Message"));
            var items = result.GetType().GetProperty("CustomFieldDataItems") == null ? null : (Array)Get(result, "CustomFieldDataItems");
            var words = new[] { (string)Get(result, "Message") ?? "" }.Concat((string[])Get(result, "OutputVariables") ?? new string[0]);
            Console.WriteLine(string.Join("\t", words.Concat((items ?? new object[0]).Cast<object>().Select(Words))));
        }
        Ending.With(0);
    }

    static string Words(object item)
    {
        var words = new List<string>();
        if ((bool)Get(item, "ChangeVisible"))
            words.Add((bool)Get(item, "NewVisibleValue") ? "visible" : "hidden");
        if ((bool)Get(item, "ChangeRequired"))
            words.Add((bool)Get(item, "NewRequiredValue") ? "required" : "optional");
        if ((bool)Get(item, "ChangeListOptions"))
            words.Add("options: " + string.Join(" | ", (string[])Get(item, "ListOptions") ?? new string[0]));
        return "[" + Get(item, "CustomFieldName") + "]=" + string.Join(", ", words);
    }

    static object Get(object of, string name)
    {
        return of.GetType().GetProperty(name).GetValue(of);
    }
}
