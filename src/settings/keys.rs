//! Every key of the settings file as data: what drives reading, the example and the schema.

use crate::contract::{GetUserInfo, HandleEvent, Kind, Operation as _, RegisterUser};

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `true` or `false`.
    Switch,
    /// A string that is not empty.
    Text,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A whole number from and to.
    Number(i64, i64),
    /// A duration from and to, as people write it: `"10s"`, `"1m 30s"`, `"500ms"`.
    Time(&'static str, &'static str),
    /// A list of strings.
    List,
    /// A table, or several of them, whose keys are described where it is explained.
    Table,
    /// A list of tables.
    Tables,
}

/// A key of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value may be.
    pub shape: Shape,
    /// The value that stands for an absent key, without quotes (lists and tables as TOML); `None` if
    /// there is none.
    pub default: Option<&'static str>,
    /// A value to show where there is no default.
    pub example: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// What the product's External Providers page calls it.
    pub label: Option<&'static str>,
}

impl Key {
    pub(crate) const fn new(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, shape, default: None, example: "", doc, label: None }
    }

    pub(crate) const fn default(self, value: &'static str) -> Self {
        Self { default: Some(value), ..self }
    }

    pub(crate) const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    pub(crate) const fn label(self, label: &'static str) -> Self {
        Self { label: Some(label), ..self }
    }

    /// The default as TOML, else the example.
    pub(crate) fn literal(&self) -> String {
        let text = self.default.unwrap_or(self.example);
        match self.shape {
            Shape::Switch | Shape::Number(..) | Shape::List | Shape::Table | Shape::Tables => {
                text.to_owned()
            }
            Shape::Text | Shape::Choice(_) | Shape::Time(..) => crate::toml_document::quoted(text),
        }
    }
}

/// The section with the enable switches.
pub const OPTIONS: &str = "options";

/// The section with what holds for every tab that does not say otherwise.
pub const DEFAULTS: &str = "defaults";

/// The tabs in the order of the page.
pub const TABS: &[Kind] = &[
    Kind::Login,
    Kind::Registration,
    Kind::CustomFields,
    Kind::Ticket,
    Kind::LiveChat,
    Kind::UserInformation,
    Kind::Events,
];

const fn switch(name: &'static str, label: &'static str, doc: &'static str) -> Key {
    Key::new(name, Shape::Switch, doc).default("false").label(label)
}

/// The enable switches, in the order of [`TABS`].
pub const SWITCHES: &[Key] = &[
    switch("login", "Enable login provider", "Ask the login provider who may log in."),
    switch(
        "registration",
        "Enable registration provider",
        "Tell the registration provider of new users.",
    ),
    switch(
        "custom_fields",
        "Enable custom field provider",
        "Ask the custom field provider which fields a form shows.",
    ),
    switch(
        "ticket",
        "Enable ticket provider",
        "Ask the ticket provider right before a ticket starts.",
    ),
    switch(
        "live_chat",
        "Enable live chat provider",
        "Ask the live chat provider right before a live chat starts.",
    ),
    switch(
        "user_information",
        "Enable user information provider",
        "Ask the user information provider what an agent should know about a customer.",
    ),
    switch("events", "Enable events provider", "Tell the events provider what happens."),
];

const _: () = assert!(TABS.len() == Kind::ALL.len() && SWITCHES.len() == TABS.len());

/// The sources of a password, of which a section has exactly one.
pub(crate) const PASSWORDS: [&str; 4] =
    ["password_env", "password_file", "password_credential", "password"];

const PASSWORD_LABEL: &str = "Web Service Password";

static SERVICE: [Key; 6] = [
    Key::new(
        "provider",
        Shape::Choice(&["built-in", "external"]),
        "The built-in provider (the application's own implementation, else what the product does \
         without one) or an external web service.",
    )
    .default("built-in")
    .label("Built-in provider or an external Web service"),
    Key::new("url", Shape::Text, "The URL to the web service, http or https.")
        .example("https://crm.example.com/Provider.asmx")
        .label("Web Service URL"),
    Key::new(
        "password_env",
        Shape::Text,
        "The environment variable that holds the web service password. Give exactly one of the \
         password keys.",
    )
    .example("CRM_PASSWORD")
    .label(PASSWORD_LABEL),
    Key::new(
        "password_file",
        Shape::Text,
        "A file whose one line is the web service password; a relative path starts at the folder \
         of this file.",
    )
    .example("/etc/external-providers/password")
    .label(PASSWORD_LABEL),
    Key::new(
        "password_credential",
        Shape::Text,
        "The name of a systemd credential (LoadCredential=) that is the web service password.",
    )
    .example("crm-password")
    .label(PASSWORD_LABEL),
    Key::new(
        "password",
        Shape::Text,
        "The web service password itself. It works, with a warning: whoever reads this file has \
         it.",
    )
    .example("the password")
    .label(PASSWORD_LABEL),
];

pub(super) static LOGIN: [Key; 6] = [
    Key::new(
        "forgot_password_url",
        Shape::Text,
        "Where users recover their passwords; offered with every question for a password.",
    )
    .example("https://crm.example.com/forgot")
    .label("Forgot Password URL"),
    Key::new(
        "custom_login_url",
        Shape::Text,
        "Where users are redirected to log in, instead of being asked for a password.",
    )
    .example("https://crm.example.com/login")
    .label("Custom Login URL"),
    Key::new(
        "default_role",
        Shape::Choice(&["registered", "anonymous"]),
        "What users are after logging in. An administrator must grant the user role to new users \
         that are anonymous.",
    )
    .default("registered")
    .label("Default Role for Users"),
    Key::new(
        "mark_email_verified",
        Shape::Switch,
        "Take the e-mail addresses of users who log in as verified.",
    )
    .default("false")
    .label("Mark email addresses as verified"),
    Key::new(
        "accept_sign_on_cookies",
        Shape::Switch,
        "Let the web service accept session cookies of other sites; if not, it is not asked about \
         any.",
    )
    .default("false")
    .label("Enable single sign-on cookies from other sites"),
    Key::new(
        "remember",
        Shape::Time("0s", "1h"),
        "How long the web service is not asked again about a user with such a cookie whom it let in. \
         Refusals and failures are never remembered; \"0s\" remembers nothing. Who is shut out there \
         comes in here for that long.",
    )
    .default("0s"),
];

static WIRE: [Key; 3] = [
    Key::new(
        "namespace",
        Shape::Text,
        "The target namespace of the service, exactly as its WSDL has it, or \"discover\" to read \
         it there.",
    )
    .default("http://tempuri.org/"),
    Key::new("soap", Shape::Choice(&["1.1", "1.2"]), "The SOAP version.").default("1.1"),
    Key::new(
        "absent",
        Shape::Choice(&["empty", "omit"]),
        "What a call says of a variable without a value: \"empty\" sends it (subject=), since many \
         services fail without it, \"omit\" leaves it out. location and interactiontype are left \
         out in any case.",
    )
    .default("empty"),
];

const fn operation(default: &'static str) -> Key {
    Key::new(
        "operation",
        Shape::Text,
        "The operation's name, which no public source fixes, or \"discover\" to find it in the \
         WSDL.",
    )
    .default(default)
}

/// For the kinds whose operations have no public names.
static REGISTRATION: Key = operation(RegisterUser::NAME);
static USER_INFORMATION: Key = operation(GetUserInfo::NAME);
static EVENTS: Key = operation(HandleEvent::NAME);

static TRANSPORT: [Key; 14] = [
    Key::new(
        "connect_timeout",
        Shape::Time("1ms", "1h"),
        "How long a connection may take, name look-up and TLS included.",
    )
    .default("10s"),
    Key::new(
        "timeout",
        Shape::Time("1ms", "1h"),
        "How long one call may take. The default is that of a .NET proxy.",
    )
    .default("100s"),
    Key::new(
        "max_calls",
        Shape::Number(1, 10_000),
        "Calls of this provider under way at a time. Those beyond wait.",
    )
    .default("100"),
    Key::new(
        "max_wait",
        Shape::Time("0s", "1h"),
        "How long a call beyond max_calls waits for its turn before it fails; \"0s\" fails at \
         once.",
    )
    .default("1s"),
    Key::new(
        "retries",
        Shape::Number(0, 5),
        "How often a call is tried again when the connection fails: operations that only read, and \
         others if nothing was sent. Never after a time-out.",
    )
    .default("1"),
    Key::new(
        "breaker_failures",
        Shape::Number(0, 1_000),
        "After so many failures in a row to get any answer, calls fail at once; 0 never does so.",
    )
    .default("5"),
    Key::new(
        "breaker_pause",
        Shape::Time("1ms", "1h"),
        "How long they do so before one call tries the service again.",
    )
    .default("10s"),
    Key::new(
        "root_certificates",
        Shape::Text,
        "A file with certificates (PEM or DER) to trust beside the system's.",
    )
    .example("company-ca.pem"),
    Key::new(
        "trust_fingerprint",
        Shape::Text,
        "Trust the server with exactly this certificate and no other, whatever its names and dates: \
         its SHA-256 fingerprint, as `external-providers check` shows it. Not with native_tls.",
    )
    .example("SHA256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg"),
    Key::new(
        "client_certificate",
        Shape::Text,
        "A file with the certificate (PEM, with those that certify it) to show to a server that wants \
         one.",
    )
    .example("caller.pem"),
    Key::new(
        "client_key",
        Shape::Text,
        "The private key of that certificate, PEM and not encrypted.",
    )
    .example("caller.key"),
    Key::new(
        "proxy",
        Shape::Text,
        "The HTTP proxy to go through; the environment's proxy settings are not looked at.",
    )
    .example("http://proxy.example.com:3128"),
    Key::new(
        "proxy_env",
        Shape::Text,
        "The environment variable that holds the proxy's URL, for one with a password.",
    )
    .example("CRM_PROXY"),
    Key::new(
        "native_tls",
        Shape::Switch,
        "TLS by the system's library, for servers too old for rustls; needs a build with the \
         feature native-tls.",
    )
    .default("false"),
];

/// Is it a key that is one tab's own, and may not stand in [`DEFAULTS`]?
pub(super) fn stands_in_its_tab(name: &str) -> bool {
    LOGIN.iter().chain([&REGISTRATION]).any(|key| key.name == name)
}

/// The keys that all tabs have, which may stand in [`DEFAULTS`], in the order in which they are shown.
pub fn shared_keys() -> Vec<&'static Key> {
    SERVICE.iter().chain(&WIRE).chain(&TRANSPORT).collect()
}

/// The keys of a tab, in the order in which they are shown.
pub fn keys(kind: Kind) -> Vec<&'static Key> {
    let mut keys: Vec<_> = SERVICE.iter().collect();
    if kind == Kind::Login {
        keys.extend(&LOGIN);
    }
    keys.extend(&WIRE);
    keys.extend(match kind {
        Kind::Registration => Some(&REGISTRATION),
        Kind::UserInformation => Some(&USER_INFORMATION),
        Kind::Events => Some(&EVENTS),
        Kind::Login | Kind::CustomFields | Kind::Ticket | Kind::LiveChat => None,
    });
    keys.extend(&TRANSPORT);
    keys
}
