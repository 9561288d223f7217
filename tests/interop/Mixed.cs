// Mixed calls by a .NET client, as a help desk's day has them: all operations, both SOAP versions, users right and wrong, tickets allowed and
// refused, fields by department, umlauts, faults; the same ones in each run. Its proxies are those that DotNetClient.cs has.
//
//     Mixed.exe BASE_URL CALLS
//
// Ends after so many calls beside logins that were not accepted. Prints a line for each call: the operation, the SOAP version, what was
// sent and what came back, passwords left out.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Web.Services.Protocols;

public static class Mixed
{
    static readonly string ServicePassword = Environment.GetEnvironmentVariable("INTEROP_PASSWORD") ?? "s3cret";

    // None of them may come up anywhere.
    const string WrongServicePassword = "verkehrt & <dienst>", WrongPassword = "falsch & <böse>", FieldPassword = "geheim & <im Feld>";

    static readonly string[] Operations =
    {
        "Authenticate", "GetSignInCookieInfo", "GetCustomFieldOptions", "StartTicket", "StartChat", "GetUserInfo", "HandleEvent", "RegisterUser"
    };

    static readonly Dictionary<string, string[]> Values = new Dictionary<string, string[]>
    {
        { "loginUsername", new[] { "myusername", "myusername", "myusername", "jürgen.groß", "nobody", "" } },
        { "loginPassword", new[] { "mypassword", "mypassword", "mypassword", WrongPassword, "" } },
        { "departmentName", new[] { "Sales Department", "Support Department", "Tickets Only", "Rückfragen & Größe", "" } },
        { "location", new[] { "PRE", "REGULAR" } },
        { "interactiontype", new[] { "TICKET", "CHAT" } },
        { "emailFrom", new[] { "myusername@example.com", "jürgen@müller.example", "outoftickets@example.com", "OutOfTickets", "" } },
        { "subject", new[] { "Drucker druckt nicht", "URGENT: Ä & <Ö> = \"Ü\"", "日本語 😀", "a=b==c", "" } },
        { "ticketNumber", new[] { "ABC-123-4567", "" } },
        { "cf_Server", new[] { "web01", "db01 (Server Down)", "größer", "" } },
        { "CF_Password", new[] { FieldPassword, "" } },
        { "eventName", new[] { "TicketClosed", "Bewertung: sehr gut 😀", "" } },
        { "EmailAddress", new[] { "neu@example.com" } },
        { "DisplayName", new[] { "Jörg Müßig", "" } },
        { "kundennummer", new[] { "4711", "ß" } }
    };

    static readonly Dictionary<string, string> Sent = new Dictionary<string, string>
    {
        { "Authenticate", "loginUsername loginPassword" },
        { "GetSignInCookieInfo", "loginUsername" },
        { "GetCustomFieldOptions", "loginUsername departmentName location interactiontype cf_Server CF_Password" },
        { "StartTicket", "loginUsername emailFrom departmentName subject ticketNumber cf_Server CF_Password" },
        { "StartChat", "loginUsername emailFrom departmentName cf_Server CF_Password" },
        { "GetUserInfo", "loginUsername emailFrom departmentName ticketNumber" },
        { "HandleEvent", "eventName ticketNumber subject" },
        { "RegisterUser", "loginUsername loginPassword EmailAddress DisplayName CF_Password" }
    };

    static uint seed = 20261126;

    static int Below(int most)
    {
        seed = seed * 1664525 + 1013904223;
        return (int)((seed >> 8) % (uint)most);
    }

    public static void Main(string[] arguments)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        var proxies = new SoapHttpClientProtocol[] { new Provider(), new Extended() };
        foreach (var proxy in proxies)
            proxy.Url = arguments[0].TrimEnd('/') + "/" + proxy.GetType().Name + ".asmx";
        int made = 0;
        for (int left = int.Parse(arguments[1]); left > 0; made++)
        {
            string operation = Operations[Below(Operations.Length)];
            string[] variables = Variables(operation).ToArray();
            var proxy = proxies.First(candidate => candidate.GetType().GetMethod(operation) != null);
            proxy.SoapVersion = Below(2) == 0 ? SoapProtocolVersion.Soap11 : SoapProtocolVersion.Soap12;
            string answer = Call(proxy, operation, variables);
            bool login = operation == "Authenticate" || operation == "GetSignInCookieInfo" || variables.Any(entry => entry.StartsWith("loginPassword="));
            if (!login || answer.Contains("Authentication=OK") || answer.Contains("Registration=OK"))
                left--;
            string shown = string.Join("|", variables.Where(entry => !entry.StartsWith("authPW=") && !entry.StartsWith("loginPassword=")
                && !entry.StartsWith("CF_Password=")));
            Console.WriteLine(string.Join("\t", made, operation, proxy.SoapVersion, shown, answer.Replace("\n", "\\n")));
        }
        Ending.With(0);
    }

    // The password, right but for one call in twelve; then what the operation reads; now and then what a site adds, or what cannot be read.
    static IEnumerable<string> Variables(string operation)
    {
        yield return "authPW=" + (Below(12) == 0 ? WrongServicePassword : ServicePassword);
        foreach (string name in Sent[operation].Split(' '))
            if (Below(10) != 0)
                yield return name + "=" + Values[name][Below(Values[name].Length)];
        if (Below(4) == 0)
            yield return "kundennummer=" + Values["kundennummer"][Below(2)];
        if (Below(16) == 0)
            yield return "no equals sign";
    }

    static string Call(SoapHttpClientProtocol proxy, string operation, string[] variables)
    {
        var method = proxy.GetType().GetMethod(operation);
        object inputs = Activator.CreateInstance(method.GetParameters()[0].ParameterType);
        inputs.GetType().GetProperty("InputVariables").SetValue(inputs, variables);
        try
        {
            return Words(method.Invoke(proxy, new[] { inputs }));
        }
        catch (Exception error)
        {
            error = error.InnerException ?? error;
            return (error is SoapException ? "fault: " : "NO ANSWER: " + error.GetType().Name + ": ") + error.Message;
        }
    }

    static string Words(object value)
    {
        if (value == null)
            return "(null)";
        if (value is string || value is bool)
            return value.ToString();
        if (value is Array)
            return "[" + string.Join("|", ((Array)value).Cast<object>().Select(Words)) + "]";
        return "{" + string.Join(", ", value.GetType().GetProperties().Select(property => property.Name + "=" + Words(property.GetValue(value)))) + "}";
    }
}
