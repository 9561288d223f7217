/* gSOAP, with stubs that wsdl2h and soapcpp2 made of both WSDLs: see stacks.sh for the arguments and what is printed. */
#include <stdio.h>
#include <string.h>

#include "ProviderSoap.nsmap"
#include "soapH.h"

#define MAXIMUM 64

/* The fields of a line, in place; \n and \t in them become what they stand for. */
static int split(char *line, char **fields)
{
    int count = 0;
    line[strcspn(line, "\n")] = 0;
    for (char *field; count < MAXIMUM && (field = strsep(&line, "\t"));) {
        char *to = fields[count++] = field;
        for (char *from = field; *from; from++) {
            int escape = from[0] == '\\' && (from[1] == 'n' || from[1] == 't');
            *to++ = !escape ? *from : from[1] == 'n' ? '\n' : '\t';
            from += escape;
        }
        *to = 0;
    }
    return count;
}

static void print(const char *text)
{
    for (; text && *text; text++)
        *text == '\n' ? fputs("\\n", stdout) : *text == '\t' ? fputs("\\t", stdout) : putchar(*text);
}

static void answer(int success, const char *message, struct tempuri__ArrayOfString *outputs)
{
    fputs(success ? "true|" : "false|", stdout);
    print(message);
    for (int i = 0; outputs && i < outputs->__sizestring; i++) {
        putchar('|');
        print(outputs->string[i]);
    }
}

/* The stub of SOAP 1.2 has the same name with an underscore behind it. */
#define OPERATION(NAME, KIND)                                                                           \
    if (!strcmp(operation, #NAME)) {                                                                    \
        struct tempuri__External##KIND##ProviderInputs inputs = {&list};                                \
        struct _tempuri__##NAME request = {&inputs};                                                    \
        struct _tempuri__##NAME##Response response;                                                     \
        if ((is_12 ? soap_call___tempuri__##NAME##_ : soap_call___tempuri__##NAME)(soap, address, NULL, &request, &response)) \
            return 1;                                                                                   \
        answer(response.NAME##Result->Success, response.NAME##Result->Message, response.NAME##Result->OutputVariables); \
        return 0;                                                                                       \
    }

static int call(struct soap *soap, int is_12, const char *address, const char *operation, struct tempuri__ArrayOfString list)
{
    OPERATION(Authenticate, Login)
    OPERATION(GetSignInCookieInfo, Login)
    OPERATION(GetCustomFieldOptions, CustomField)
    OPERATION(StartTicket, Ticket)
    OPERATION(StartChat, Chat)
    OPERATION(GetUserInfo, UserInfo)
    OPERATION(HandleEvent, Event)
    OPERATION(RegisterUser, Registration)
    return 1;
}

int main(int argc, char **argv)
{
    char line[8192], address[512], *fields[MAXIMUM];
    if (strcmp(argv[2], "1.2")) { /* the generated table speaks SOAP 1.2 */
        namespaces[0].ns = "http://schemas.xmlsoap.org/soap/envelope/";
        namespaces[1].ns = "http://schemas.xmlsoap.org/soap/encoding/";
    }
    for (int i = 3; i < argc; i++) {
        FILE *calls = fopen(argv[1], "r");
        struct soap *soap = soap_new1(SOAP_C_UTFSTRING);
        while (calls && fgets(line, sizeof line, calls)) {
            int count = split(line, fields);
            struct tempuri__ArrayOfString list = {count - 4, fields + 4};
            snprintf(address, sizeof address, "%s/%s.asmx", argv[i], fields[1]);
            printf("%s\t%s\t", argv[i], fields[0]);
            if (call(soap, !strcmp(argv[2], "1.2"), address, fields[2], list)) {
                fputs("fault|", stdout);
                print(soap->error == SOAP_FAULT ? *soap_faultstring(soap) : "no answer");
            }
            putchar('\n');
            soap_destroy(soap);
            soap_end(soap);
        }
        soap_free(soap);
        fclose(calls);
    }
    return 0;
}
