// How real providers answer that are odd (wsdl/CONTRACT.md, section 3): /odd/NAME.asmx, each with login and custom fields. As at many of them,
// customErrors is Off there, so that faults carry their stack.
using System;
using System.Collections.Generic;
using System.Web.Services;

namespace Odd
{
    public abstract class OddOperations
    {
        protected static readonly string ServicePassword = Environment.GetEnvironmentVariable("INTEROP_PASSWORD") ?? "s3cret";

        [WebMethod]
        public ExternalLoginProviderResult Authenticate(ExternalLoginProviderInputs inputs)
        {
            return Answer(new ExternalLoginProviderResult(), "Authenticate", inputs);
        }

        [WebMethod]
        public ExternalLoginProviderResult GetSignInCookieInfo(ExternalLoginProviderInputs inputs)
        {
            return Answer(new ExternalLoginProviderResult(), "GetSignInCookieInfo", inputs);
        }

        [WebMethod]
        public ExternalCustomFieldProviderResult GetCustomFieldOptions(ExternalCustomFieldProviderInputs inputs)
        {
            return Answer(new ExternalCustomFieldProviderResult(), "GetCustomFieldOptions", inputs);
        }

        TResult Answer<TResult>(TResult result, string operation, IInputs inputs) where TResult : IResult
        {
            result.OutputVariables = new List<string>();
            var variables = new Variables(inputs.InputVariables);
            if (!Permits(operation, variables["authPW"]))
                result.Message = "Permission Denied";
            else if (operation == "GetCustomFieldOptions")
                Options(result);
            else if (Knows(variables["loginUsername"], operation == "Authenticate" ? variables["loginPassword"] : null))
                Say(result, "Login Successful", "Authentication=OK", "EmailAddress=myusername@example.com");
            else
                Say(result, "Login Failure", "Authentication=FAIL");
            return result;
        }

        protected static void Say(IResult result, string message, params string[] outputs)
        {
            result.Success = true;
            result.Message = message;
            result.OutputVariables.AddRange(outputs);
        }

        protected virtual bool Permits(string operation, string password)
        {
            return password == ServicePassword;
        }

        protected virtual bool Knows(string user, string password)
        {
            return user == "myusername" && (password == null || password == "mypassword");
        }

        protected virtual void Options(IResult result)
        {
            Say(result, "Custom Fields Loaded", "CanStartTickets=True", "CanStartChats=True");
        }
    }

    // Everything fails as a login does, whatever the web service password.
    [WebService(Namespace = "http://tempuri.org/")]
    public class LoginFailureToAll : OddOperations
    {
        protected override bool Permits(string operation, string password) { return true; }

        protected override bool Knows(string user, string password) { return false; }

        protected override void Options(IResult result) { Say(result, "Login Failure", "Authentication=FAIL"); }
    }

    // A web service password for each operation; Authenticate has the one that is set.
    [WebService(Namespace = "http://tempuri.org/")]
    public class PasswordForEach : OddOperations
    {
        protected override bool Permits(string operation, string password)
        {
            return password == (operation == "Authenticate" ? ServicePassword : ServicePassword + " of " + operation);
        }
    }

    // A directory that is down looks like a wrong password of the user.
    [WebService(Namespace = "http://tempuri.org/")]
    public class DirectoryDown : OddOperations
    {
        protected override bool Knows(string user, string password) { return password == null && base.Knows(user, password); }
    }

    [WebService(Namespace = "http://tempuri.org/")]
    public class OptionsFault : OddOperations
    {
        protected override void Options(IResult result) { throw new NullReferenceException("Object reference not set to an instance of an object."); }
    }
}
