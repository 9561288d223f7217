// The sample provider's answers: one user, one web service password, no clock and no state. Diagnostics.cs comes first when it is asked for.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;

public static class Sample
{
    const string User = "myusername", UserPassword = "mypassword", UserEmail = "myusername@example.com";

    static readonly string ServicePassword = Environment.GetEnvironmentVariable("INTEROP_PASSWORD") ?? "s3cret";

    public static ExternalLoginProviderResult Authenticate(ExternalLoginProviderInputs inputs, [CallerMemberName] string operation = null)
    {
        return Answer<ExternalLoginProviderResult>(operation, inputs, new[] { "loginUsername", "loginPassword" }, (variables, result) =>
            SignIn(result, variables["loginUsername"] == User && variables["loginPassword"] == UserPassword));
    }

    public static ExternalLoginProviderResult GetSignInCookieInfo(ExternalLoginProviderInputs inputs, [CallerMemberName] string operation = null)
    {
        return Answer<ExternalLoginProviderResult>(operation, inputs, new[] { "loginUsername" }, (variables, result) =>
            SignIn(result, variables["loginUsername"] == User));
    }

    public static ExternalCustomFieldProviderResult GetCustomFieldOptions(ExternalCustomFieldProviderInputs inputs, [CallerMemberName] string operation = null)
    {
        return Answer<ExternalCustomFieldProviderResult>(operation, inputs, new string[0], (variables, result) =>
        {
            string department = variables["departmentName"];
            bool pageOne = variables["location"] == "PRE", ticket = variables["interactiontype"] == "TICKET";
            Say(result, "Custom Fields Loaded", "CanStartTickets=True", "CanStartChats=" + (department != "Tickets Only"));
            var items = result.CustomFieldDataItems;
            if (department == "Sales Department")
                items.Add(ListField("Product", ticket, "SmallBox", "BigBox", "Box & Sons <special>"));
            if (department == "Support Department")
            {
                items.Add(variables["loginUsername"] == User
                    ? ListField("Server", true, "web01", "web02", "db01 (server down)")
                    : ListField("Server", true, "unknown"));
                if (!pageOne)
                    items.Add(new ExternalCustomFieldData
                    {
                        CustomFieldName = "Serial Number",
                        ChangeVisible = true,
                        NewVisibleValue = ticket,
                        ChangeRequired = true,
                        ListOptions = new List<string>(),
                        DisplayWithInformationLookup = true
                    });
            }
            items.Add(new ExternalCustomFieldData { CustomFieldName = "Notes", ChangeVisible = true, NewVisibleValue = !pageOne });
        });
    }

    public static ExternalTicketProviderResult StartTicket(ExternalTicketProviderInputs inputs, [CallerMemberName] string operation = null)
    {
        return Answer<ExternalTicketProviderResult>(operation, inputs, new[] { "departmentName", "loginUsername or emailFrom" }, (variables, result) =>
            Start(result, variables, "TicketCreation", "Ticket Allowed", "Out of tickets"));
    }

    public static ExternalChatProviderResult StartChat(ExternalChatProviderInputs inputs, [CallerMemberName] string operation = null)
    {
        return Answer<ExternalChatProviderResult>(operation, inputs, new[] { "departmentName", "loginUsername or emailFrom" }, (variables, result) =>
            Start(result, variables, "ChatCreation", "Chat Allowed", "Out of chats"));
    }

    public static ExternalUserInfoProviderResult GetUserInfo(ExternalUserInfoProviderInputs inputs, [CallerMemberName] string operation = null)
    {
        return Answer<ExternalUserInfoProviderResult>(operation, inputs, new[] { "emailFrom" }, (variables, result) =>
        {
            if (variables["emailFrom"] == UserEmail)
                Say(result, "User Found", "UserFound=TRUE", "DisplayName=My Username", "Plan=Gold");
            else
                Say(result, "User Not Found", "UserFound=FALSE");
        });
    }

    public static ExternalEventProviderResult HandleEvent(ExternalEventProviderInputs inputs, [CallerMemberName] string operation = null)
    {
        return Answer<ExternalEventProviderResult>(operation, inputs, new[] { "eventName" }, (variables, result) =>
            Say(result, "Event Handled", "eventName=" + variables["eventName"]));
    }

    public static ExternalRegistrationProviderResult RegisterUser(ExternalRegistrationProviderInputs inputs, [CallerMemberName] string operation = null)
    {
        return Answer<ExternalRegistrationProviderResult>(operation, inputs, new[] { "loginUsername", "loginPassword" }, (variables, result) =>
        {
            if (variables["loginUsername"] == User)
                Say(result, "User Exists", "Registration=FAIL");
            else
                Say(result, "User Registered", "Registration=OK", "loginUsername=" + variables["loginUsername"]);
        });
    }

    static TResult Answer<TResult>(string operation, IInputs inputs, string[] required, Action<Variables, TResult> answer)
        where TResult : class, IResult, new()
    {
        return Alteration.Of(operation, () => AsItIs(operation, inputs, required, answer));
    }

    // What every operation does: diagnostics, then the variables, the web service password, the required inputs, and its own answer.
    static TResult AsItIs<TResult>(string operation, IInputs inputs, string[] required, Action<Variables, TResult> answer)
        where TResult : class, IResult, new()
    {
        var result = new TResult { OutputVariables = new List<string>() };
        List<string> received = inputs.InputVariables;
        string diagnostic = Diagnostics.Value(received, "diagnostic", null);
        if (diagnostic != null)
            return Diagnostics.Answer(diagnostic, operation, received, result) ? result : null;
        var variables = new Variables(received);
        if (variables["authPW"] == "" || variables["authPW"] != ServicePassword)
            result.Message = "Permission Denied";
        else if (required.Any(keys => keys.Split(new[] { " or " }, StringSplitOptions.None).All(key => variables[key] == "")))
            result.Message = "Required Input Missing";
        else
            answer(variables, result);
        return result;
    }

    static void Say(IResult result, string message, params string[] outputs)
    {
        result.Success = true;
        result.Message = message;
        result.OutputVariables.AddRange(outputs);
    }

    static void SignIn(IResult result, bool known)
    {
        if (known)
            Say(result, "Login Successful", "Authentication=OK", "EmailAddress=" + UserEmail, "DisplayName=My Username");
        else
            Say(result, "Login Failure", "Authentication=FAIL");
    }

    static void Start(IResult result, Variables variables, string decision, string allowed, string refused)
    {
        if (variables["emailFrom"].StartsWith("outoftickets", StringComparison.OrdinalIgnoreCase))
        {
            Say(result, refused, decision + "=FALSE");
            return;
        }
        Say(result, allowed, decision + "=TRUE");
        if (variables.CustomFieldValues.Any(value => Contains(value, "server down")))
            result.OutputVariables.AddRange(new[] { "departmentName=Emergency Department", "cf_Priority=Critical" });
        else if (Contains(variables["subject"], "urgent"))
            result.OutputVariables.Add("departmentName=Urgent Department");
    }

    static bool Contains(string text, string part)
    {
        return text.IndexOf(part, StringComparison.OrdinalIgnoreCase) >= 0;
    }

    static ExternalCustomFieldData ListField(string name, bool required, params string[] options)
    {
        return new ExternalCustomFieldData
        {
            CustomFieldName = name,
            ChangeVisible = true,
            NewVisibleValue = true,
            ChangeRequired = true,
            NewRequiredValue = required,
            ChangeListOptions = true,
            ListOptions = new List<string>(options)
        };
    }
}

// The variables as the vendor's own parser reads them: it throws at a nil entry and at one without '=', the last of several wins, and
// a doubled '=' in a key is not understood.
public class Variables
{
    readonly Dictionary<string, string> values = new Dictionary<string, string>();

    public Variables(IEnumerable<string> entries)
    {
        foreach (string entry in entries)
        {
            string[] parts = entry.Split(new[] { '=' }, 2);
            values[parts[0]] = parts[1];
        }
    }

    // Empty when absent: no operation tells the two apart.
    public string this[string key]
    {
        get { return values.TryGetValue(key, out string value) ? value : ""; }
    }

    // By their names without the prefix: of keys that differ in its case the one that came up last counts.
    public IEnumerable<string> CustomFieldValues
    {
        get
        {
            return values.Where(pair => pair.Key.Length > 3 && pair.Key.StartsWith("cf_", StringComparison.OrdinalIgnoreCase))
                .GroupBy(pair => pair.Key.Substring(3)).Select(field => field.Last().Value);
        }
    }
}
