//! Providers that speak JSON.

mod answers;
mod captures;
