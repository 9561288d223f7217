// A .NET client like the help desk's own: calls a provider through the proxies that `wsdl` generated from its WSDL, and holds every answer
// against cases.xml.
//
//     DotNetClient.exe CASES BASE_URL 1.1|1.2 operations|diagnostics
//
// The web service password comes from INTEROP_PASSWORD. One line for each case, with the milliseconds of the call. Like .NET Framework's
// client, Mono's sends `Expect: 100-continue`; unlike that one it does not wait for the answer, so a host that leaves it unanswered does
// not show as a stall here.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Web.Services.Protocols;
using System.Xml;

public static class DotNetClient
{
    static readonly string ServicePassword = Environment.GetEnvironmentVariable("INTEROP_PASSWORD") ?? "s3cret";

    public static void Main(string[] arguments)
    {
        Ending.With(Run(arguments));
    }

    static int Run(string[] arguments)
    {
        if (arguments.Length != 4)
        {
            Console.Error.WriteLine("usage: DotNetClient.exe CASES BASE_URL 1.1|1.2 operations|diagnostics");
            return 2;
        }
        string baseUrl = arguments[1].TrimEnd('/') + "/", version = arguments[2];
        var provider = new Provider();
        var extended = new Extended();
        foreach (var proxy in new SoapHttpClientProtocol[] { provider, extended })
        {
            proxy.Url = baseUrl + proxy.GetType().Name + ".asmx";
            proxy.SoapVersion = version == "1.2" ? SoapProtocolVersion.Soap12 : SoapProtocolVersion.Soap11;
        }
        // Null inputs go out as no <inputs> element at all.
        var operations = new Dictionary<string, Func<Inputs, object>>
        {
            { "Authenticate", sent => provider.Authenticate(sent.Absent ? null : new ExternalLoginProviderInputs { InputVariables = sent.Variables }) },
            { "GetSignInCookieInfo", sent => provider.GetSignInCookieInfo(sent.Absent ? null : new ExternalLoginProviderInputs { InputVariables = sent.Variables }) },
            { "GetCustomFieldOptions", sent => provider.GetCustomFieldOptions(sent.Absent ? null : new ExternalCustomFieldProviderInputs { InputVariables = sent.Variables }) },
            { "StartTicket", sent => provider.StartTicket(sent.Absent ? null : new ExternalTicketProviderInputs { InputVariables = sent.Variables }) },
            { "StartChat", sent => provider.StartChat(sent.Absent ? null : new ExternalChatProviderInputs { InputVariables = sent.Variables }) },
            { "GetUserInfo", sent => extended.GetUserInfo(sent.Absent ? null : new ExternalUserInfoProviderInputs { InputVariables = sent.Variables }) },
            { "HandleEvent", sent => extended.HandleEvent(sent.Absent ? null : new ExternalEventProviderInputs { InputVariables = sent.Variables }) },
            { "RegisterUser", sent => extended.RegisterUser(sent.Absent ? null : new ExternalRegistrationProviderInputs { InputVariables = sent.Variables }) }
        };
        // Whitespace is kept because an output may hold nothing else.
        var document = new XmlDocument { PreserveWhitespace = true };
        document.Load(arguments[0]);
        int passed = 0, failed = 0;
        foreach (XmlElement test in document.SelectNodes("/cases/" + arguments[3] + "/case"))
        {
            string operation = test.GetAttribute("operation");
            var inputs = new Inputs(test["inputs"]);
            var clock = Stopwatch.StartNew();
            List<string> actual;
            long elapsed;
            try
            {
                object result = operations[operation](inputs);
                elapsed = clock.ElapsedMilliseconds;
                actual = Describe("result", result).ToList();
            }
            catch (Exception error)
            {
                elapsed = clock.ElapsedMilliseconds;
                actual = DescribeFault(error).ToList();
            }
            string difference = FirstDifference(Expected(test, operation).ToList(), actual);
            if (difference == null && test.HasAttribute("atLeast") && elapsed < int.Parse(test.GetAttribute("atLeast")))
                difference = "answered too soon";
            if (difference == null)
                passed++;
            else
                failed++;
            Console.WriteLine("{0} {1,5} ms  {2}{3}", difference == null ? "ok  " : "FAIL", elapsed, test.GetAttribute("name"), difference == null ? "" : ": " + difference);
        }
        Console.WriteLine("{0} passed, {1} failed", passed, failed);
        return failed == 0 && passed > 0 ? 0 : 1;
    }

    class Inputs
    {
        public readonly bool Absent;
        public readonly string[] Variables;

        public Inputs(XmlElement inputs)
        {
            Absent = inputs.GetAttribute("absent") == "inputs";
            if (!inputs.HasAttribute("absent"))
                Variables = inputs.ChildNodes.OfType<XmlElement>().Select(e => e.Name == "authPW" ? "authPW=" + ServicePassword : Text(e)).ToArray();
        }
    }

    static string Text(XmlElement element)
    {
        return element.GetAttribute("nil") == "true" ? null : element.InnerText;
    }

    // An answer as lines, one for each field, in the order of the generated class, which is the order of the WSDL.
    static IEnumerable<string> Describe(string name, object value)
    {
        if (value == null)
            return new[] { name + " is null" };
        if (value is bool)
            return new[] { name + " is " + ((bool)value ? "true" : "false") };
        if (value is string)
            return new[] { name + " is " + Quoted((string)value) };
        if (value is Array)
            return new[] { name + " has " + ((Array)value).Length }.Concat(
                ((Array)value).Cast<object>().SelectMany((entry, i) => Describe(name + "[" + i + "]", entry)));
        return value.GetType().GetProperties().SelectMany(property => Describe(name + "." + property.Name, property.GetValue(value)));
    }

    static IEnumerable<string> DescribeFault(Exception error)
    {
        var fault = error as SoapException;
        if (fault == null)
            return new[] { "no answer: " + error.GetType().Name + ": " + error.Message };
        string code = fault.Code.Name.Replace("Sender", "Client").Replace("Receiver", "Server");
        return FaultLines(code, fault.Message, fault.Actor, fault.Detail == null ? "" : fault.Detail.InnerText);
    }

    static IEnumerable<string> FaultLines(string code, string text, string actor, string detail)
    {
        return new[] { "fault " + code + " " + Quoted(text.TrimEnd('.')), "actor " + actor, "detail " + detail };
    }

    static IEnumerable<string> Expected(XmlElement test, string operation)
    {
        if (test["fault"] is XmlElement fault)
            return FaultLines(fault.GetAttribute("code"), fault.InnerText, fault.GetAttribute("actor"), fault.GetAttribute("detail"));
        XmlElement result = test["result"];
        if (result == null)
            return Describe("result", null);
        IEnumerable<string> lines = new[] { "result.Success is " + result.GetAttribute("Success") }
            .Concat(Describe("result.Message", Attribute(result, "Message")))
            .Concat(Describe("result.OutputVariables", Texts(result["outputs"])));
        return operation == "GetCustomFieldOptions" ? lines.Concat(ExpectedItems(result["items"])) : lines;
    }

    static IEnumerable<string> ExpectedItems(XmlElement items)
    {
        const string list = "result.CustomFieldDataItems";
        if (items == null)
            return Describe(list, null);
        var expected = items.ChildNodes.OfType<XmlElement>().ToList();
        return new[] { list + " has " + expected.Count }.Concat(expected.SelectMany((item, i) => ExpectedItem(list + "[" + i + "]", item)));
    }

    static IEnumerable<string> ExpectedItem(string name, XmlElement item)
    {
        if (item.GetAttribute("nil") == "true")
            return Describe(name, null);
        string[] set = item.GetAttribute("true").Split(' ');
        Func<string, IEnumerable<string>> flag = field => Describe(name + "." + field, set.Contains(field));
        return Describe(name + ".CustomFieldName", Attribute(item, "CustomFieldName"))
            .Concat(new[] { "ChangeVisible", "NewVisibleValue", "ChangeRequired", "NewRequiredValue", "ChangeListOptions" }.SelectMany(flag))
            .Concat(Describe(name + ".ListOptions", Texts(item["options"])))
            .Concat(flag("DisplayWithInformationLookup"));
    }

    static string Attribute(XmlElement element, string name)
    {
        return element.HasAttribute(name) ? element.GetAttribute(name) : null;
    }

    static string[] Texts(XmlElement list)
    {
        if (list == null)
            return null;
        if (list.HasAttribute("big"))
            return Enumerable.Range(0, int.Parse(list.GetAttribute("big"))).Select(i => "v" + i + "=xxxxxxxxxxxxxxxx").ToArray();
        return list.ChildNodes.OfType<XmlElement>().Select(Text).ToArray();
    }

    static string Quoted(string text)
    {
        return "\"" + string.Concat(text.Select(unit => unit < ' ' || unit > '~' ? "\\u" + ((int)unit).ToString("x4") : unit.ToString())) + "\"";
    }

    static string FirstDifference(List<string> expected, List<string> actual)
    {
        for (int i = 0; i < Math.Max(expected.Count, actual.Count); i++)
        {
            string wanted = i < expected.Count ? expected[i] : "nothing more", got = i < actual.Count ? actual[i] : "nothing more";
            if (wanted != got)
                return "expected: " + wanted + "; got: " + got;
        }
        return null;
    }
}
