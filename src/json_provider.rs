//! Calls a provider that speaks JSON: an HTTP endpoint that takes a request as an object of its variables,
//! and answers with the document that `call --json` prints.
