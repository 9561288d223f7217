// One answer of the sample changed on purpose, for whoever must find it: /altered/NAME/Provider.asmx and Extended.asmx answer as the sample does,
// but for the change of that name.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Web;

public static class Alteration
{
    // Each in one operation, in answers that come again and again.
    public static readonly Dictionary<string, string> Operations = new Dictionary<string, string>
    {
        { "success", "GetUserInfo" },
        { "message", "GetSignInCookieInfo" },
        { "output-value", "Authenticate" },
        { "output-missing", "Authenticate" },
        { "output-added", "StartTicket" },
        { "order", "GetUserInfo" },
        { "field-visible", "GetCustomFieldOptions" },
        { "list-options", "GetCustomFieldOptions" },
        { "fault", "StartChat" },
        { "fault-text", "HandleEvent" }
    };

    public static TResult Of<TResult>(string operation, Func<TResult> answer) where TResult : class, IResult
    {
        string[] path = HttpContext.Current.Request.Path.Split('/');
        string name = path.Length == 4 && path[1] == "altered" ? path[2] : "";
        if (!Operations.TryGetValue(name, out string altered) || altered != operation)
            return answer();
        TResult result;
        try
        {
            result = answer();
        }
        catch (Exception) when (name == "fault-text")
        {
            throw new Exception("something went wrong");
        }
        if (result.OutputVariables.Count > 0)
            Alter(name, result, result.OutputVariables);
        return result;
    }

    static void Alter(string name, IResult result, List<string> outputs)
    {
        var fields = (result as ExternalCustomFieldProviderResult)?.CustomFieldDataItems;
        switch (name)
        {
            case "success": result.Success = false; break;
            case "message": result.Message += "!"; break;
            case "output-value": Replace(outputs, "EmailAddress=", "EmailAddress=other@example.com"); break;
            case "output-missing": Replace(outputs, "DisplayName=", null); break;
            case "output-added": outputs.Add("cf_Plan=Gold"); break;
            case "order": outputs.Reverse(); break;
            case "field-visible": fields.Last().NewVisibleValue = !fields.Last().NewVisibleValue; break;
            case "list-options": fields.ForEach(field => field.ListOptions?.RemoveAll(option => option == "web02" || option == "SmallBox")); break;
            case "fault": throw new Exception("the chat server is down");
        }
    }

    static void Replace(List<string> outputs, string start, string entry)
    {
        int index = outputs.FindIndex(output => output.StartsWith(start));
        if (index < 0)
            return;
        outputs.RemoveAt(index);
        if (entry != null)
            outputs.Insert(index, entry);
    }
}
