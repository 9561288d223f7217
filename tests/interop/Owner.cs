// A provider as an owner wrote it in 2008 after the vendor's sample: what did not come is null, and nobody looked. /Owner.asmx
using System;
using System.Collections.Generic;
using System.Linq;
using System.Web.Services;

[WebService(Namespace = "http://tempuri.org/")]
public class Owner
{
    [WebMethod]
    public ExternalLoginProviderResult Authenticate(ExternalLoginProviderInputs inputs)
    {
        return Answer<ExternalLoginProviderResult>(inputs, "Authentication=OK", "loginUsername", "loginPassword");
    }

    [WebMethod]
    public ExternalLoginProviderResult GetSignInCookieInfo(ExternalLoginProviderInputs inputs)
    {
        return Answer<ExternalLoginProviderResult>(inputs, "Authentication=OK", "loginUsername");
    }

    [WebMethod]
    public ExternalCustomFieldProviderResult GetCustomFieldOptions(ExternalCustomFieldProviderInputs inputs)
    {
        return Answer<ExternalCustomFieldProviderResult>(inputs, "CanStartTickets=True", "loginUsername", "departmentName", "location?", "interactiontype?");
    }

    [WebMethod]
    public ExternalTicketProviderResult StartTicket(ExternalTicketProviderInputs inputs)
    {
        return Answer<ExternalTicketProviderResult>(inputs, "TicketCreation=TRUE", "loginUsername", "emailFrom", "departmentName", "subject", "ticketNumber");
    }

    [WebMethod]
    public ExternalChatProviderResult StartChat(ExternalChatProviderInputs inputs)
    {
        return Answer<ExternalChatProviderResult>(inputs, "ChatCreation=TRUE", "loginUsername", "emailFrom", "departmentName");
    }

    [WebMethod]
    public ExternalUserInfoProviderResult GetUserInfo(ExternalUserInfoProviderInputs inputs)
    {
        return Answer<ExternalUserInfoProviderResult>(inputs, "UserFound=TRUE", "loginUsername", "emailFrom", "departmentName", "ticketNumber");
    }

    [WebMethod]
    public ExternalEventProviderResult HandleEvent(ExternalEventProviderInputs inputs)
    {
        return Answer<ExternalEventProviderResult>(inputs, "Handled=TRUE", "eventName");
    }

    [WebMethod]
    public ExternalRegistrationProviderResult RegisterUser(ExternalRegistrationProviderInputs inputs)
    {
        return Answer<ExternalRegistrationProviderResult>(inputs, "Registration=OK", "loginUsername", "loginPassword", "EmailAddress", "DisplayName");
    }

    // The message is all that was read. Only a name with a question mark may be null, as in the vendor's sample.
    static TResult Answer<TResult>(IInputs inputs, string decision, params string[] names) where TResult : IResult, new()
    {
        var variables = new Dictionary<string, string>();
        foreach (string entry in inputs.InputVariables)
        {
            int end = entry.IndexOf('=');
            variables[entry.Substring(0, end)] = entry.Substring(end + 1);
        }
        Func<string, string> read = name => variables.TryGetValue(name.TrimEnd('?'), out string value) ? value : null;

        var result = new TResult { OutputVariables = new List<string>() };
        if (read("authPW") != (Environment.GetEnvironmentVariable("INTEROP_PASSWORD") ?? "s3cret"))
        {
            result.Message = "Permission Denied";
            return result;
        }
        result.Message = string.Join("|", names.Select(name =>
            name.EndsWith("?") && read(name) == null ? "(null)" : read(name).ToLowerInvariant()));
        result.Success = true;
        result.OutputVariables.Add(decision);
        return result;
    }
}
