//! `call`: one operation of one service.

mod configured;
mod help;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use external_providers::client::{Client, HttpTransport, Transport, TransportError};
use external_providers::contract::{
    Absent, Failure, OPERATIONS, Operation, OperationInfo, Variables, dispatch, may_be_secret,
};
use external_providers::gateway::{self, ServiceError};
use external_providers::http::{HttpRequest, HttpResponse};
use external_providers::secret::{Mask, Secret};
use external_providers::settings::{ExternalService, Name};
use external_providers::soap::{DEFAULT_NAMESPACE, SoapVersion};
use tokio::runtime::Builder;

use super::passwords::{self, AUTH_PASSWORD, Passwords};
use super::report::{Degree, Masking, Report};
use super::trust::{Shown, Trust};
use super::{
    DAY, DISCOVER, FAULT, Failed, LOCAL, NOT_SOAP, SETTINGS, TRANSPORT, USAGE, output, print,
    printable, runtime, seconds, unbuilt, variables, wire,
};

/// Call an operation of a provider service and print its answer
///
/// Without --url, --settings or EXTERNAL_PROVIDERS_SETTINGS, a sample provider is started inside this process, on loopback, and called over
/// HTTP: its user is myusername with the password mypassword.
#[derive(Args)]
#[command(after_help = help::text())]
pub(crate) struct CallArgs {
    /// The operation; the list is below
    #[arg(value_name = "OPERATION", ignore_case = true,
        value_parser = PossibleValuesParser::new(OPERATIONS.iter().map(|o| o.name)),
        hide_possible_values = true)]
    operation: String,

    /// Variables of the contract, custom fields (cf_Serial=123) or a site's own, which are sent as they
    /// are; a password is read from a file with loginPassword=@FILE, from standard input with
    /// loginPassword=-, which on a terminal asks for it and does not echo
    #[arg(value_name = "KEY=VALUE")]
    variables: Vec<String>,

    /// Read variables from this file, or from standard input (-), so that none of them stands in the
    /// process list: a JSON object of strings, or a list of objects with key and value. Those given as
    /// arguments follow, and of equal keys the last counts
    #[arg(long = "variables", value_name = "FILE")]
    variables_file: Option<PathBuf>,

    /// The service, for instance http://host/Provider.asmx
    #[arg(long)]
    url: Option<String>,

    /// Call the service that this settings file names for the operation's kind, as it says: URL,
    /// password, namespace (discovered, if it says so), time-outs, TLS, proxy. The kind must be
    /// enabled and external; mistakes in the sections of other kinds are warnings. Not its retries
    /// and limits: one call is made. Without --settings and --url, the file that
    /// EXTERNAL_PROVIDERS_SETTINGS names is used
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "namespace", "soap", "absent",
        "timeout", "auth_password_file", "root_certificates", "trust_fingerprint", "native_tls",
        "client_certificate"])]
    pub(super) settings: Option<PathBuf>,

    /// The service's target namespace, as its WSDL has it, or "discover" to read it there
    #[arg(long, default_value = DEFAULT_NAMESPACE, value_parser = super::namespace)]
    namespace: String,

    /// The SOAP version
    #[arg(long, value_name = "VERSION", default_value = "1.1", value_parser = variables::soap_version())]
    soap: SoapVersion,

    /// What becomes of a known variable that is not given: empty sends it without a value (subject=),
    /// since many services fail without it; omit leaves it out. location and interactiontype are sent
    /// only if they are given; location= is left out, and interactiontype= sent as CHAT
    #[arg(long, value_name = "HOW", default_value = "empty", value_parser = variables::absent())]
    absent: Absent,

    /// How long the call may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "100", value_parser = seconds(0.001, DAY),
        allow_hyphen_values = true)]
    timeout: Duration,

    /// Read the web service password from this file (- is standard input). Default: it is read from
    /// EXTERNAL_PROVIDERS_AUTH_PASSWORD
    #[arg(long, value_name = "FILE")]
    auth_password_file: Option<PathBuf>,

    #[command(flatten)]
    trust: Trust,

    #[command(flatten)]
    shown: Shown,

    /// Print the answer as one JSON object; what is in it is listed below
    #[arg(long)]
    json: bool,

    /// Mask passwords in the answer wherever they stand; in JSON, "masked": true ("messageMasked")
    /// stands beside each value that is changed by that. Otherwise JSON has values as they came,
    /// and the text for people masks those that are a password as a whole
    #[arg(long)]
    mask: bool,

    /// Print both messages on standard error, indented (without the headers that the transport adds: Host,
    /// Content-Length, Accept, User-Agent); values of keys that name secrets, and values that are one of
    /// the call's passwords as a whole, are masked. Of a fault or a provider's message of many lines the
    /// answer for people has the first; here and in JSON they are whole
    #[arg(long)]
    show_wire: bool,
}

pub(crate) fn run(args: CallArgs) -> Result<u8, Failed> {
    let operation = OperationInfo::named(&args.operation)
        .or_else(|| OPERATIONS.iter().find(|o| o.name.eq_ignore_ascii_case(&args.operation)))
        .ok_or_else(|| Failed::new(USAGE, "unknown operation"))?;
    let secrets = args.variables.iter().filter(|argument| variables::is_secret(argument));
    let files = args.auth_password_file.iter().chain(&args.variables_file).map(PathBuf::as_path);
    let mut passwords =
        Passwords::of(files.chain(secrets.filter_map(|argument| passwords::file_in(argument))))?;
    let service =
        args.settings.as_deref().map(|file| configured::service(file, operation)).transpose()?;
    let auth = match &service {
        Some(service) => Some(service.password.clone()),
        None => passwords.auth(args.auth_password_file.as_deref())?,
    };
    let given = match &args.variables_file {
        Some(file) => passwords.variables(file)?,
        None => Variables::new(),
    };
    let variables = variables::parse(operation, given, &args.variables, &mut passwords)?;
    for note in variables::notes(operation, &variables) {
        output::note(&note);
    }
    let runtime = runtime(Builder::new_current_thread())?;
    let result = runtime.block_on(call(&args, operation, variables, service, auth));
    // A name look-up cannot be cancelled, and must not hold up the end.
    runtime.shutdown_background();
    result
}

async fn call(
    args: &CallArgs,
    operation: &OperationInfo,
    variables: Variables,
    service: Option<ExternalService>,
    auth: Option<Secret>,
) -> Result<u8, Failed> {
    if let Some(service) = service {
        return discovered(args, operation, variables, service).await;
    }
    let (url, auth) = match (&args.url, auth) {
        (Some(url), Some(auth)) => (url.clone(), auth),
        (Some(_), None) => {
            return Err(Failed::new(SETTINGS, "there is no web service password").hint(format!(
                "set {AUTH_PASSWORD}, or use --auth-password-file FILE (- for standard input)"
            )));
        }
        (None, auth) => {
            let auth = auth.unwrap_or_else(|| Secret::new("sample"));
            let namespace =
                if args.namespace == DISCOVER { DEFAULT_NAMESPACE } else { &args.namespace };
            (super::sample::start(operation, namespace, auth.clone()).await?, auth)
        }
    };
    discovered(args, operation, variables, external(args, operation, &url, auth)?).await
}

/// Calls a service whose names are read in its WSDL first, if they are to be.
async fn discovered(
    args: &CallArgs,
    operation: &OperationInfo,
    variables: Variables,
    service: ExternalService,
) -> Result<u8, Failed> {
    match gateway::client(&service).await {
        Ok(client) => dispatch(args, operation, client, variables, &service.secrets()).await,
        Err(ServiceError::Build(error)) if args.settings.is_none() => {
            Err(unbuilt(&error, &service.url))
        }
        Err(error) => {
            let masking = masking(args, service.secrets());
            let error = configured::undiscovered(error)?;
            finish(args, &Report::error(operation.name, &error, None, &masking))
        }
    }
}

/// The service of the arguments.
fn external(
    args: &CallArgs,
    operation: &OperationInfo,
    url: &str,
    auth: Secret,
) -> Result<ExternalService, Failed> {
    let mut service = ExternalService::new(operation.kind, url, auth);
    service.namespace = match args.namespace.as_str() {
        DISCOVER => Name::Discover,
        namespace => Name::Is(namespace.to_owned()),
    };
    service.soap = args.soap;
    service.absent = args.absent;
    service.timeout = args.timeout;
    let trusted = args.trust.read(Some(url))?;
    service.root_certificates = trusted.roots;
    service.trust_fingerprint = trusted.fingerprint;
    service.native_tls = trusted.native_tls;
    service.client_certificate = args.shown.read()?;
    Ok(service)
}

async fn dispatch(
    args: &CallArgs,
    operation: &OperationInfo,
    client: Client,
    variables: Variables,
    auth: &[Secret],
) -> Result<u8, Failed> {
    dispatch!(operation, T => answer::<T>(args, client, variables, auth).await)
        .unwrap_or_else(|| Err(Failed::new(LOCAL, format!("{} cannot be called", operation.name))))
}

async fn answer<T: Operation>(
    args: &CallArgs,
    client: Client,
    variables: Variables,
    auth: &[Secret],
) -> Result<u8, Failed> {
    let secrets: Vec<Secret> = variables
        .iter()
        .filter(|(key, value)| may_be_secret(key) && !value.is_empty())
        .map(|(_, value)| Secret::new(value))
        .chain(auth.iter().cloned())
        .collect();
    let request = T::read_inputs(variables)
        .map_err(|error| Failed::new(USAGE, format!("{}: {error}", T::NAME)))?;
    let masking = masking(args, secrets);
    let client = client.over(|inner| Watched { inner, seen: Mutex::default() });
    let report = match client.call(request).await {
        Ok(answer) => Report::answer::<T>(&answer, &masking),
        Err(error) => {
            // The error has masks in what a provider says in declining, and of an answer that lacks
            // something says what that is, not what did come.
            let seen = client.transport().seen.lock().ok().and_then(|seen| seen.1.clone());
            let said = seen.and_then(|response| word_for_word::<T>(&client, &response));
            Report::error(T::NAME, &error, said.as_ref(), &masking)
        }
    };
    if args.show_wire {
        show(&client, &masking.mask);
    }
    finish(args, &report)
}

/// The message and the variables of an answer, as far as they can be read, nothing masked.
fn word_for_word<T: Operation>(
    client: &Client<Watched>,
    response: &HttpResponse,
) -> Option<Failure> {
    let mask = Mask::default();
    let result = client.binding().decode_raw_response(T::NAME, response, &mask).ok()?;
    let result = result.value()?;
    let entries = result.output_variables.value().unwrap_or_default().0;
    let outputs = entries.iter().flatten().filter_map(|entry| entry.split_once('=')).collect();
    Some(Failure { message: result.message.value(), outputs })
}

/// The passwords of a call, and where in its answer they are masked.
fn masking(args: &CallArgs, secrets: Vec<Secret>) -> Masking {
    let degree = match (args.mask, args.json) {
        (true, _) => Degree::Everything,
        (false, true) => Degree::Nothing,
        (false, false) => Degree::Values,
    };
    Masking { mask: Mask::new(&secrets), secrets, degree }
}

/// Prints both messages.
fn show(client: &Client<Watched>, mask: &Mask) {
    let mut stderr = std::io::stderr().lock();
    if let Ok(seen) = client.transport().seen.lock() {
        if let Some(request) = &seen.0 {
            let _ = writeln!(stderr, "{}", wire::request(request, mask));
        }
        if let Some(response) = &seen.1 {
            let _ = writeln!(stderr, "{}", wire::response(response, mask));
        }
    }
}

/// Where to look for the cause of a failed call.
fn next_step(args: &CallArgs, report: &Report) -> Option<String> {
    let code = report.code();
    if report.misses_input() {
        let takes = variables::takes(OperationInfo::named(report.operation())?);
        return Some(format!("the provider wants more variables than it was given: {takes}"));
    }
    if !matches!(code, TRANSPORT | NOT_SOAP | FAULT) {
        return None;
    }
    // The query may be a secret.
    let shown = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
    let kind = OperationInfo::named(&args.operation).map(|operation| operation.kind);
    let subject = match (&args.settings, &args.url) {
        (Some(file), _) => format!("--settings {}", file.display()),
        (None, Some(url)) => format!("--url {}", shown(url)),
        (None, None) => return None,
    };
    let kind = kind.map_or_else(String::new, |kind| format!(" --kind {kind}"));
    let check = format!("\"external-providers check {subject}{kind}\" looks closer");
    Some(match code == TRANSPORT || args.show_wire {
        true => check,
        false => format!("{check}, and --show-wire shows what came"),
    })
}

/// Prints what came of it.
fn finish(args: &CallArgs, report: &Report) -> Result<u8, Failed> {
    let failure = report.failure();
    if args.json {
        print(&(report.json() + "\n"))?;
    } else if failure.is_none() || report.has_outputs() {
        print(&printable(&report.text()))?;
    }
    if let Some((text, hint)) = failure {
        output::error(text);
        if let Some(hint) = hint {
            output::hint(hint);
        }
        if let Some(next) = next_step(args, report) {
            output::hint(&next);
        }
    }
    Ok(report.code())
}

/// Keeps the messages of a call.
struct Watched {
    inner: HttpTransport,
    seen: Mutex<(Option<HttpRequest>, Option<HttpResponse>)>,
}

impl Transport for Watched {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        if let Ok(mut seen) = self.seen.lock() {
            seen.0 = Some(request.clone());
        }
        let response = self.inner.send(request).await?;
        if let Ok(mut seen) = self.seen.lock() {
            seen.1 = Some(response.clone());
        }
        Ok(response)
    }
}
