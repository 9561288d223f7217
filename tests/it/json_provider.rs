//! Providers that speak JSON.

mod answers;
mod calls;
mod captures;
mod file;
mod peer;
mod served;
