// The contract's inputs and results, one pair for each provider kind. The classes carry no namespace of their own: ASMX puts an untagged
// type into the namespace of the service that uses it, so every service here shares them.
using System.Collections.Generic;

// Interfaces, not base classes: a base class would show in the WSDL as a type that the others extend.
public interface IInputs
{
    List<string> InputVariables { get; set; }
}

public interface IResult
{
    bool Success { get; set; }
    string Message { get; set; }
    List<string> OutputVariables { get; set; }
}

public class ExternalLoginProviderInputs : IInputs
{
    public List<string> InputVariables { get; set; }
}

public class ExternalLoginProviderResult : IResult
{
    public bool Success { get; set; }
    public string Message { get; set; }
    public List<string> OutputVariables { get; set; }
}

public class ExternalCustomFieldProviderInputs : IInputs
{
    public List<string> InputVariables { get; set; }
}

public class ExternalCustomFieldProviderResult : IResult
{
    public bool Success { get; set; }
    public string Message { get; set; }
    public List<string> OutputVariables { get; set; }
    public List<ExternalCustomFieldData> CustomFieldDataItems { get; set; } = new List<ExternalCustomFieldData>();
}

public class ExternalCustomFieldData
{
    public string CustomFieldName { get; set; }
    public bool ChangeVisible { get; set; }
    public bool NewVisibleValue { get; set; }
    public bool ChangeRequired { get; set; }
    public bool NewRequiredValue { get; set; }
    public bool ChangeListOptions { get; set; }
    public List<string> ListOptions { get; set; }
    public bool DisplayWithInformationLookup { get; set; }
}

public class ExternalTicketProviderInputs : IInputs
{
    public List<string> InputVariables { get; set; }
}

public class ExternalTicketProviderResult : IResult
{
    public bool Success { get; set; }
    public string Message { get; set; }
    public List<string> OutputVariables { get; set; }
}

public class ExternalChatProviderInputs : IInputs
{
    public List<string> InputVariables { get; set; }
}

public class ExternalChatProviderResult : IResult
{
    public bool Success { get; set; }
    public string Message { get; set; }
    public List<string> OutputVariables { get; set; }
}

public class ExternalUserInfoProviderInputs : IInputs
{
    public List<string> InputVariables { get; set; }
}

public class ExternalUserInfoProviderResult : IResult
{
    public bool Success { get; set; }
    public string Message { get; set; }
    public List<string> OutputVariables { get; set; }
}

public class ExternalEventProviderInputs : IInputs
{
    public List<string> InputVariables { get; set; }
}

public class ExternalEventProviderResult : IResult
{
    public bool Success { get; set; }
    public string Message { get; set; }
    public List<string> OutputVariables { get; set; }
}

public class ExternalRegistrationProviderInputs : IInputs
{
    public List<string> InputVariables { get; set; }
}

public class ExternalRegistrationProviderResult : IResult
{
    public bool Success { get; set; }
    public string Message { get; set; }
    public List<string> OutputVariables { get; set; }
}
