// The answers to `diagnostic=<mode>`: what a client must cope with, on demand. Works on the entries as received, because half of the modes
// exist for entries that the variables' parser rejects.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Web.Services.Protocols;
using System.Xml;

public static class Diagnostics
{
    // Fills the result; false means that the operation answers with no result at all.
    public static bool Answer(string mode, string operation, List<string> received, IResult result)
    {
        var fields = result as ExternalCustomFieldProviderResult;
        List<string> outputs = result.OutputVariables;
        result.Success = true;
        result.Message = mode + " " + operation;
        switch (mode)
        {
            case "echo":
                outputs.AddRange(received);
                return true;
            case "codepoints":
                outputs.AddRange(received.Select(CodeUnits));
                return true;
            case "count":
                outputs.Add("entries=" + received.Count);
                outputs.Add("nulls=" + received.Count(entry => entry == null));
                outputs.Add("chars=" + received.Sum(entry => entry == null ? 0 : entry.Length));
                return true;
            case "slow":
                int delay = Number(received, "delayMs", 1000, 600000);
                Thread.Sleep(delay);
                outputs.Add("slept=" + delay);
                return true;
            case "big":
                string filling = new string('x', Number(received, "size", 16, int.MaxValue));
                outputs.AddRange(Enumerable.Range(0, Number(received, "entries", 1000, 1000000)).Select(i => "v" + i + "=" + filling));
                return true;
            case "fault":
                throw new Exception("deliberate failure <in> & \"" + operation + "\"");
            case "faultinner":
                throw new Exception("outer failure", new Exception("inner cause"));
            case "soapexception":
                throw new SoapException("deliberate SoapException", SoapException.ClientFaultCode, "urn:diagnostic:actor", Detail());
            case "nullresult":
                return false;
            case "nullfields":
                result.Message = null;
                result.OutputVariables = null;
                if (fields != null)
                    fields.CustomFieldDataItems = null;
                return true;
            case "nullentries":
                result.Message = "";
                outputs.AddRange(new[] { null, "", "  ", "a=b", null });
                if (fields != null)
                    fields.CustomFieldDataItems.AddRange(new[] { null, new ExternalCustomFieldData() });
                return true;
            case "tricky":
                result.Message = "tricky <&>\"' ]]>";
                outputs.AddRange(new[]
                {
                    "lt=<", "gt=>", "amp=&", "quot=\"", "apos='", "cdataend=]]>", "tab=a\tb", "lf=a\nb", "cr=a\rb", "crlf=a\r\nb", "edge= a ",
                    "nbsp=\u00a0", "bmp=\u4f60\u597d", "astral=\U0001f600", "rtl=\u05e9\u05dc\u05d5\u05dd", "ls=\u2028", "nel=\u0085", "bom=\ufeff"
                });
                return true;
            case "badchar":
                result.Message = "badchar";
                outputs.Add("c=" + (char)Number(received, "codePoint", 0, char.MaxValue));
                return true;
            default:
                throw new ArgumentException("unknown diagnostic: " + mode);
        }
    }

    // The value of the last entry `key=value`, as with the variables.
    public static string Value(List<string> received, string key, string absent)
    {
        string entry = received.LastOrDefault(candidate => candidate != null && candidate.StartsWith(key + "=", StringComparison.Ordinal));
        return entry == null ? absent : entry.Substring(key.Length + 1);
    }

    static int Number(List<string> received, string key, int absent, int most)
    {
        return Math.Min(int.Parse(Value(received, key, absent.ToString())), most);
    }

    static string CodeUnits(string entry)
    {
        return entry == null ? "<null>" : string.Join(" ", entry.Select(unit => ((int)unit).ToString("X4")));
    }

    static XmlNode Detail()
    {
        var document = new XmlDocument();
        XmlNode detail = document.CreateElement(SoapException.DetailElementName.Name, SoapException.DetailElementName.Namespace);
        detail.AppendChild(document.CreateElement("code", "urn:diagnostic")).InnerText = "42";
        return detail;
    }
}
