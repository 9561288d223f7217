//! A provider service beside other routes of an application in axum. Try it with
//! `external-providers check --url http://127.0.0.1:8080/crm/Provider.asmx`, and in a browser: the test
//! form is there, since the host knows who the caller is.

#![allow(clippy::print_stdout)]

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use external_providers::contract::{
    Answer, GetUserInfo, ProviderResult, UserInformation, UserInformationProvider,
};
use external_providers::host::{Host, Service};

struct Nobody;

impl UserInformationProvider for Nobody {
    async fn get_user_info(&self, _: GetUserInfo) -> ProviderResult<GetUserInfo> {
        Ok(Answer::new(UserInformation::NotFound, "We know nobody"))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let password = std::env::var("EXTERNAL_PROVIDERS_AUTH_PASSWORD")
        .map_err(|_| "set EXTERNAL_PROVIDERS_AUTH_PASSWORD")?;
    let service = Service::new("/Provider.asmx", password).user_information(Nobody);
    let host = Host::builder().service(service).build()?;
    let mounted = host
        .mounted()
        .under("/crm")
        .peer(|extensions| extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0));
    let router = Router::new()
        .route("/", get(|| async { "the application's own page" }))
        .route("/metrics", get(move || async move { host.metrics() }))
        .nest_service("/crm", mounted);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("http://{}/crm/Provider.asmx", listener.local_addr()?);
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
