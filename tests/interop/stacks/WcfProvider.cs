// A provider written with WCF, which makes its WSDL itself. The web service password comes from INTEROP_PASSWORD.
// Listens on a free port of loopback and says so.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Serialization;
using System.ServiceModel;
using System.ServiceModel.Description;
using System.Threading;

[CollectionDataContract(Namespace = "http://tempuri.org/", ItemName = "string")]
public class ArrayOfString : List<string> { }

[DataContract(Namespace = "http://tempuri.org/")]
public class ExternalLoginProviderInputs
{
    [DataMember] public ArrayOfString InputVariables;
}

[DataContract(Namespace = "http://tempuri.org/")]
public class ExternalLoginProviderResult
{
    [DataMember(Order = 0)] public bool Success;
    [DataMember(Order = 1)] public string Message;
    [DataMember(Order = 2)] public ArrayOfString OutputVariables = new ArrayOfString();
}

[ServiceContract(Namespace = "http://tempuri.org/")]
public interface IProvider
{
    [OperationContract(Action = "http://tempuri.org/Authenticate")] ExternalLoginProviderResult Authenticate(ExternalLoginProviderInputs inputs);
    [OperationContract(Action = "http://tempuri.org/GetSignInCookieInfo")] ExternalLoginProviderResult GetSignInCookieInfo(ExternalLoginProviderInputs inputs);
}

[ServiceBehavior(Namespace = "http://tempuri.org/", Name = "Provider")]
public class WcfProvider : IProvider
{
    public ExternalLoginProviderResult Authenticate(ExternalLoginProviderInputs inputs)
    {
        return Answer(inputs, v => v["loginUsername"].Contains("myusername") && v["loginPassword"].Contains("mypassword"));
    }

    public ExternalLoginProviderResult GetSignInCookieInfo(ExternalLoginProviderInputs inputs)
    {
        return Answer(inputs, v => v["loginUsername"].Contains("myusername"));
    }

    static ExternalLoginProviderResult Answer(ExternalLoginProviderInputs inputs, Func<ILookup<string, string>, bool> isKnown)
    {
        var variables = inputs.InputVariables.Select(text => text.Split(new[] { '=' }, 2)).ToLookup(parts => parts[0], parts => parts[1]);
        var result = new ExternalLoginProviderResult { Message = "Permission Denied" };
        if (!variables["authPW"].Contains(Environment.GetEnvironmentVariable("INTEROP_PASSWORD")))
            return result;
        bool known = isKnown(variables);
        result.Success = true;
        result.Message = known ? "Login Successful" : "Login Failure";
        result.OutputVariables.AddRange(known ? new[] { "Authentication=OK", "EmailAddress=myusername@example.com" } : new[] { "Authentication=FAIL" });
        return result;
    }

    public static void Main()
    {
        var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        string url = "http://127.0.0.1:" + ((IPEndPoint)free.LocalEndpoint).Port + "/Provider.svc";
        free.Stop();
        var host = new ServiceHost(typeof(WcfProvider), new Uri(url));
        host.AddServiceEndpoint(typeof(IProvider), new BasicHttpBinding(), "");
        host.Description.Behaviors.Add(new ServiceMetadataBehavior { HttpGetEnabled = true });
        host.Open();
        Console.WriteLine("listening on " + url);
        Thread.Sleep(Timeout.Infinite);
    }
}
