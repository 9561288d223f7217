//! The gateway as an HTTP service: every kind as `POST /v1/OPERATION`, for callers that speak JSON.

mod tokens;

#[expect(dead_code, reason = "the server is made of it")]
mod problem;

#[expect(dead_code, reason = "the server is made of it")]
mod call;
#[expect(dead_code, reason = "the server is made of it")]
mod log;
#[expect(dead_code, reason = "the server is made of it")]
mod request;

#[expect(dead_code, reason = "the server is made of it")]
mod examples;
mod openapi;
#[expect(dead_code, reason = "the server is made of it")]
mod page;
mod schema;

pub use openapi::openapi;
pub use schema::schema;
pub use tokens::{TokenError, Tokens};
