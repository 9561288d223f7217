/* A provider with gSOAP, of stubs that wsdl2h and soapcpp2 made of our WSDL: login, custom fields, tickets and chats, in both SOAP versions.
 *
 *     provider WSDL    listens on a free port of loopback and says so; the web service password comes from INTEROP_PASSWORD
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ProviderSoap.nsmap"
#include "soapH.h"

static const char *password;
static char *description, address[64];

/* The value of the last entry with this key, or "". */
static const char *value(struct tempuri__ArrayOfString *list, const char *key)
{
    size_t length = strlen(key);
    for (int i = list->__sizestring; i--;)
        if (!strncmp(list->string[i], key, length) && list->string[i][length] == '=')
            return list->string[i] + length + 1;
    return "";
}

static struct tempuri__ArrayOfString *strings(struct soap *soap, int count, const char **from)
{
    struct tempuri__ArrayOfString *list = soap_new_tempuri__ArrayOfString(soap, -1);
    list->__sizestring = count;
    list->string = soap_malloc(soap, (count ? count : 1) * sizeof *list->string);
    for (int i = 0; i < count; i++)
        list->string[i] = soap_strdup(soap, from[i]);
    return list;
}

/* What .NET's code does with a list that it does not get, or cannot read, is a fault, too. */
static int readable(struct soap *soap, struct tempuri__ArrayOfString *list)
{
    for (int i = 0; i < list->__sizestring; i++)
        if (!list->string[i] || !strchr(list->string[i], '='))
            return soap_receiver_fault(soap, "a variable without an equals sign", NULL);
    return SOAP_OK;
}

static int is_known(struct tempuri__ArrayOfString *list, int by_password)
{
    return !strcmp(value(list, "loginUsername"), "myusername") && (!by_password || !strcmp(value(list, "loginPassword"), "mypassword"));
}

#define OUTPUTS(...) ((const char *[]){__VA_ARGS__})
#define ANSWER(MESSAGE, ...)                                                                                     \
    do {                                                                                                         \
        *message = MESSAGE;                                                                                      \
        *outputs = strings(soap, sizeof OUTPUTS(__VA_ARGS__) / sizeof(char *), OUTPUTS(__VA_ARGS__));            \
    } while (0)

static void sign_in(struct soap *soap, int known, char **message, struct tempuri__ArrayOfString **outputs)
{
    if (known)
        ANSWER("Login Successful", "Authentication=OK", "EmailAddress=myusername@example.com", "DisplayName=J\303\266rg & S\303\266hne");
    else
        ANSWER("Login Failure", "Authentication=FAIL");
}

static void Authenticate(struct soap *soap, struct tempuri__ArrayOfString *list, struct tempuri__ExternalLoginProviderResult *result)
{
    sign_in(soap, is_known(list, 1), &result->Message, &result->OutputVariables);
}

static void GetSignInCookieInfo(struct soap *soap, struct tempuri__ArrayOfString *list, struct tempuri__ExternalLoginProviderResult *result)
{
    sign_in(soap, is_known(list, 0), &result->Message, &result->OutputVariables);
}

static void GetCustomFieldOptions(struct soap *soap, struct tempuri__ArrayOfString *list, struct tempuri__ExternalCustomFieldProviderResult *result)
{
    char **message = &result->Message;
    struct tempuri__ArrayOfString **outputs = &result->OutputVariables;
    struct tempuri__ArrayOfExternalCustomFieldData *items = soap_new_tempuri__ArrayOfExternalCustomFieldData(soap, -1);
    ANSWER("Custom Fields Loaded", "CanStartTickets=True", "CanStartChats=True");
    items->ExternalCustomFieldData = soap_new_tempuri__ExternalCustomFieldData(soap, items->__sizeExternalCustomFieldData = 1);
    items->ExternalCustomFieldData->CustomFieldName = "Notes";
    items->ExternalCustomFieldData->ChangeVisible = items->ExternalCustomFieldData->NewVisibleValue = 1;
    items->ExternalCustomFieldData->ListOptions = strings(soap, 0, NULL);
    result->CustomFieldDataItems = items;
    (void)list;
}

static void StartTicket(struct soap *soap, struct tempuri__ArrayOfString *list, struct tempuri__ExternalTicketProviderResult *result)
{
    char **message = &result->Message;
    struct tempuri__ArrayOfString **outputs = &result->OutputVariables;
    if (!strncmp(value(list, "emailFrom"), "outoftickets", 12))
        ANSWER("Out of tickets", "TicketCreation=FALSE");
    else
        ANSWER("Ticket Allowed", "TicketCreation=TRUE");
}

static void StartChat(struct soap *soap, struct tempuri__ArrayOfString *list, struct tempuri__ExternalChatProviderResult *result)
{
    char **message = &result->Message;
    struct tempuri__ArrayOfString **outputs = &result->OutputVariables;
    ANSWER("Chat Allowed", "ChatCreation=TRUE");
    (void)list;
}

/* Both versions have a stub of their own; which one is called, the envelope says. */
#define OPERATION(NAME, KIND)                                                                                                       \
    int __tempuri__##NAME(struct soap *soap, struct _tempuri__##NAME *request, struct _tempuri__##NAME##Response *response)         \
    {                                                                                                                               \
        struct tempuri__External##KIND##ProviderResult *result = soap_new_tempuri__External##KIND##ProviderResult(soap, -1);        \
        struct tempuri__ArrayOfString *list;                                                                                        \
        if (!request->inputs)                                                                                                       \
            return soap_receiver_fault(soap, "no inputs", NULL);                                                                    \
        list = request->inputs->InputVariables ? request->inputs->InputVariables : strings(soap, 0, NULL);                          \
        if (readable(soap, list))                                                                                                   \
            return soap->error;                                                                                                     \
        response->NAME##Result = result;                                                                                            \
        if (strcmp(value(list, "authPW"), password)) {                                                                              \
            result->Message = "Permission Denied";                                                                                  \
            result->OutputVariables = strings(soap, 0, NULL);                                                                       \
        } else {                                                                                                                    \
            result->Success = 1;                                                                                                    \
            NAME(soap, list, result);                                                                                               \
        }                                                                                                                           \
        return SOAP_OK;                                                                                                             \
    }                                                                                                                               \
    int __tempuri__##NAME##_(struct soap *soap, struct _tempuri__##NAME *request, struct _tempuri__##NAME##Response *response)      \
    {                                                                                                                               \
        return __tempuri__##NAME(soap, request, response);                                                                          \
    }

OPERATION(Authenticate, Login)
OPERATION(GetSignInCookieInfo, Login)
OPERATION(GetCustomFieldOptions, CustomField)
OPERATION(StartTicket, Ticket)
OPERATION(StartChat, Chat)

/* GET: the WSDL that the stubs were made of, at our own address. */
static int get(struct soap *soap)
{
    if (!strchr(soap->path, '?'))
        return SOAP_GET_METHOD;
    soap->http_content = "text/xml; charset=utf-8";
    if (soap_response(soap, SOAP_FILE))
        return soap->error;
    for (char *from = description, *to; *from; from = to) {
        to = strstr(from, " location=\"");
        to = to ? to + 11 : from + strlen(from);
        if (soap_send_raw(soap, from, to - from) || (*to && soap_send(soap, address)))
            return soap->error;
        to += strcspn(to, *to ? "\"" : "");
    }
    return soap_end_send(soap);
}

static void *serve(void *connection)
{
    struct soap *soap = connection;
    soap_serve(soap);
    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return NULL;
}

int main(int argc, char **argv)
{
    struct soap soap;
    struct sockaddr_in bound;
    socklen_t length = sizeof bound;
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    pthread_t thread;

    password = getenv("INTEROP_PASSWORD");
    if (!file || !password || !(description = calloc(1, 1 << 20)) || !fread(description, 1, (1 << 20) - 1, file)) {
        fputs("usage: INTEROP_PASSWORD=… provider WSDL\n", stderr);
        return 2;
    }
    fclose(file);
    soap_init2(&soap, SOAP_IO_KEEPALIVE | SOAP_C_UTFSTRING, SOAP_IO_KEEPALIVE | SOAP_C_UTFSTRING);
    soap.fget = get;
    soap.recv_timeout = soap.send_timeout = 60;
    if (!soap_valid_socket(soap_bind(&soap, "127.0.0.1", 0, 100)) || getsockname(soap.master, (struct sockaddr *)&bound, &length)) {
        soap_print_fault(&soap, stderr);
        return 1;
    }
    snprintf(address, sizeof address, "http://127.0.0.1:%d/Provider.asmx", ntohs(bound.sin_port));
    printf("listening on %s\n", address);
    fflush(stdout);
    while (soap_valid_socket(soap_accept(&soap)))
        if (!pthread_create(&thread, NULL, serve, soap_copy(&soap)))
            pthread_detach(thread);
    return 1;
}
