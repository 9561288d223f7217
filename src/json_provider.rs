//! Calls a provider that speaks JSON: an HTTP endpoint that takes a request as an object of its variables,
//! and answers with the document that `call --json` prints.
//!
//! A call is `POST` to the [URL](JsonProviderSettings::url), with `Content-Type: application/json`, the
//! operation's name in the header `External-Providers-Operation`, the token as `Authorization: Bearer`,
//! `webhook-id` and `webhook-timestamp`, and, with a secret, `webhook-signature`, as Standard Webhooks
//! computes it. That signs the ID, `call_StartTicket_` and 32 hexadecimal digits, and not the URL or the other
//! headers: an endpoint that checks signatures compares the operation in the ID with the one it performs. The body has the variables by their names on the wire, in their order, custom fields and a
//! site's own included:
//!
//! ```json
//! {"loginUsername": "joe", "subject": "help", "cf_Serial": "123"}
//! ```
//!
//! Where a name stands twice, it is `{"variables": [{"key": "…", "value": "…"}]}` instead. What is absent
//! is left out, what is empty is `""`. `loginPassword` is sent to those who need it, `Authenticate` and
//! `RegisterUser`; the web service password never is.
//!
//! The endpoint answers with status 200 (201 will do) and a JSON document, whatever the provider says. `{"outcome":
//! "allowed"}` is one:
//!
//! | member | |
//! |---|---|
//! | `outcome` | `authenticated`, `allowed`, `options`, `found`, `not-found`, `handled`, `registered`, `refused`, or `declined` (`Success=false`) |
//! | `message` | what is told to the person, or `null` |
//! | `outputs` | variables: an object of strings, or a list of `{"key": …, "value": …}`. The one that says the outcome on the wire may be left out |
//! | `items` | of `GetCustomFieldOptions`: a list of `{"name": …, "visible": …, "required": …, "options": […], "displayWithInformationLookup": …}`; what is absent or `null` stays as it is |
//! | `operation` | may be absent |
//!
//! Members that are not known, a member that stands twice, and values of another type are errors with their
//! path: `outputs[2].value: a number, not a string`.
//!
//! ```no_run
//! use external_providers::contract::StartTicket;
//! use external_providers::json_provider::{JsonProvider, JsonProviderSettings};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let url = "https://crm.example.com/providers/{operation}";
//! let provider = JsonProvider::new(JsonProviderSettings {
//!     token: Some("the token".into()),
//!     ..JsonProviderSettings::new(url)
//! })?;
//! let answer = provider.call(StartTicket::default()).await?;
//! println!("{:?}: {:?}", answer.result, answer.message);
//! # Ok(())
//! # }
//! ```
//!
//! A call is sent once. If it provably was not sent (no connection), it is tried once more.

mod settings;

mod answer;
mod request;

mod vendor;

mod error;

mod call;

mod provider;

pub use answer::{MalformedAnswer, read_answer};
pub use call::JsonProvider;
pub use error::JsonCallError;
pub use request::request_body;
pub use settings::{Format, JsonProviderError, JsonProviderSettings};
