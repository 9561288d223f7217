// A WCF client, as Mono has it: see stacks.sh for the arguments and what is printed.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Serialization;
using System.ServiceModel;
using System.ServiceModel.Channels;
using System.Text;

[ServiceContract(Namespace = "http://tempuri.org/")]
public interface IProvider
{
    [OperationContract(Action = "http://tempuri.org/Authenticate", ReplyAction = "*")] Result Authenticate(Inputs inputs);
    [OperationContract(Action = "http://tempuri.org/GetSignInCookieInfo", ReplyAction = "*")] Result GetSignInCookieInfo(Inputs inputs);
    [OperationContract(Action = "http://tempuri.org/GetCustomFieldOptions", ReplyAction = "*")] Result GetCustomFieldOptions(Inputs inputs);
    [OperationContract(Action = "http://tempuri.org/StartTicket", ReplyAction = "*")] Result StartTicket(Inputs inputs);
    [OperationContract(Action = "http://tempuri.org/StartChat", ReplyAction = "*")] Result StartChat(Inputs inputs);
    [OperationContract(Action = "http://tempuri.org/GetUserInfo", ReplyAction = "*")] Result GetUserInfo(Inputs inputs);
    [OperationContract(Action = "http://tempuri.org/HandleEvent", ReplyAction = "*")] Result HandleEvent(Inputs inputs);
    [OperationContract(Action = "http://tempuri.org/RegisterUser", ReplyAction = "*")] Result RegisterUser(Inputs inputs);
}

[CollectionDataContract(Namespace = "http://tempuri.org/", ItemName = "string")]
public class ArrayOfString : List<string> { }

[DataContract(Namespace = "http://tempuri.org/")]
public class Inputs
{
    [DataMember] public ArrayOfString InputVariables;
}

[DataContract(Namespace = "http://tempuri.org/")]
public class Result
{
    [DataMember(Order = 0)] public bool Success;
    [DataMember(Order = 1)] public string Message;
    [DataMember(Order = 2)] public ArrayOfString OutputVariables;
}

public static class Wcf
{
    public static void Main(string[] args)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        Binding binding = new BasicHttpBinding();
        if (args[1] == "1.2")
            binding = new CustomBinding(new TextMessageEncodingBindingElement(MessageVersion.Soap12, Encoding.UTF8), new HttpTransportBindingElement());
        foreach (string url in args.Skip(2))
            foreach (string line in File.ReadLines(args[0]))
            {
                string[] fields = line.Split('\t');
                var variables = fields.Skip(4).Select(text => text.Replace("\\n", "\n").Replace("\\t", "\t")).ToList();
                var channel = new ChannelFactory<IProvider>(binding, new EndpointAddress(url + "/" + fields[1] + ".asmx")).CreateChannel();
                Console.WriteLine(url + "\t" + fields[0] + "\t" + Said(channel, fields[2], variables));
            }
        Ending.With(0);
    }

    static string Said(IProvider channel, string operation, List<string> variables)
    {
        var method = typeof(IProvider).GetMethod(operation);
        var inputs = new Inputs { InputVariables = new ArrayOfString() };
        inputs.InputVariables.AddRange(variables);
        try
        {
            var result = (Result)method.Invoke(channel, new object[] { inputs });
            var texts = new[] { result.Success ? "true" : "false", result.Message }.Concat(result.OutputVariables);
            return string.Join("|", texts).Replace("\n", "\\n").Replace("\t", "\\t");
        }
        catch (TargetInvocationException error)
        {
            return (error.InnerException is FaultException ? "fault|" : "error|") + error.InnerException.Message;
        }
    }
}
