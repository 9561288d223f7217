//! The gateway as an HTTP service: every kind as `POST /v1/OPERATION`, for callers that speak JSON.
