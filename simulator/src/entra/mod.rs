//! Entra ID as far as an application logs in: discovery, and tokens for client credentials. There are no people here, so no
//! other grant is offered. Sources: Microsoft documentation, "OAuth 2.0 client credentials flow on the Microsoft identity
//! platform", "Microsoft identity platform application authentication certificate credentials" and "Microsoft Entra
//! authentication and authorization error codes".

mod application;
mod assertion;
mod certificate;
mod discovery;
mod endpoint;
mod form;
mod refusal;

pub use application::Application;
pub use certificate::ClientCertificate;
pub use endpoint::Entra;
