//! Providers that speak JSON.
