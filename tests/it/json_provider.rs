//! Providers that speak JSON.

mod answers;
