// The ASMX services: who answers at which address, in which namespace and under which operation names. What is answered is in Sample.cs.
using System.Web.Services;

// The order of the methods is the order of the operations in the WSDL.
public abstract class EvidencedOperations
{
    [WebMethod]
    public ExternalLoginProviderResult Authenticate(ExternalLoginProviderInputs inputs) { return Sample.Authenticate(inputs); }

    [WebMethod]
    public ExternalLoginProviderResult GetSignInCookieInfo(ExternalLoginProviderInputs inputs) { return Sample.GetSignInCookieInfo(inputs); }

    [WebMethod]
    public ExternalCustomFieldProviderResult GetCustomFieldOptions(ExternalCustomFieldProviderInputs inputs) { return Sample.GetCustomFieldOptions(inputs); }

    [WebMethod]
    public ExternalTicketProviderResult StartTicket(ExternalTicketProviderInputs inputs) { return Sample.StartTicket(inputs); }

    [WebMethod]
    public ExternalChatProviderResult StartChat(ExternalChatProviderInputs inputs) { return Sample.StartChat(inputs); }
}

public abstract class ConventionalOperations
{
    [WebMethod]
    public ExternalUserInfoProviderResult GetUserInfo(ExternalUserInfoProviderInputs inputs) { return Sample.GetUserInfo(inputs); }

    [WebMethod]
    public ExternalEventProviderResult HandleEvent(ExternalEventProviderInputs inputs) { return Sample.HandleEvent(inputs); }

    [WebMethod]
    public ExternalRegistrationProviderResult RegisterUser(ExternalRegistrationProviderInputs inputs) { return Sample.RegisterUser(inputs); }
}

// /Provider.asmx and /Extended.asmx
[WebService(Namespace = "http://tempuri.org/")]
public class Provider : EvidencedOperations { }

[WebService(Namespace = "http://tempuri.org/")]
public class Extended : ConventionalOperations { }

// /Renamed.asmx: nothing but the types of their inputs tells what these operations are.
[WebService(Namespace = "http://tempuri.org/")]
public class Renamed
{
    [WebMethod]
    public ExternalUserInfoProviderResult LookupCustomer(ExternalUserInfoProviderInputs inputs) { return Sample.GetUserInfo(inputs); }

    [WebMethod]
    public ExternalEventProviderResult OnEvent(ExternalEventProviderInputs inputs) { return Sample.HandleEvent(inputs); }

    [WebMethod]
    public ExternalRegistrationProviderResult CreateAccount(ExternalRegistrationProviderInputs inputs) { return Sample.RegisterUser(inputs); }
}

// /other/Provider.asmx and /other/Extended.asmx: the same services in a namespace that is no URL and has no final slash.
namespace Other
{
    [WebService(Namespace = "urn:example:helpdesk/providers")]
    public class Provider : EvidencedOperations { }

    [WebService(Namespace = "urn:example:helpdesk/providers")]
    public class Extended : ConventionalOperations { }
}
