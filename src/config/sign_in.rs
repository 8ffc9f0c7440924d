//! Calls to other servers, and signing in by way of them.

use clap::Args;

/// How this node calls other servers.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct OutgoingConfig {
    /// Lets this node call servers on its own machine, also by plain HTTP, and lets sign-ins lead back to pages there. For
    /// development, where `lyceum dev` sets it; never for a server that others reach.
    #[arg(long, env = "LYCEUM_ALLOW_LOOPBACK")]
    pub allow_loopback: bool,
}

/// By way of which services people sign in. An organisation's own provider is no setting but its own.
#[derive(Args, Clone, Debug)]
pub struct SignInConfig {
    /// Where this API is reached from outside, such as `https://api.academy.example`: providers send browsers back to
    /// `/sign-in/callback` there, which is the redirect URI to register. Without it people sign in by password alone.
    #[arg(long, env = "LYCEUM_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// The client id at Google; with it and the secret people sign in by Google.
    #[arg(long, env = "LYCEUM_GOOGLE_CLIENT_ID")]
    pub google_client_id: Option<String>,
    /// The client secret at Google.
    #[arg(long, env = "LYCEUM_GOOGLE_CLIENT_SECRET", hide_env_values = true)]
    pub google_client_secret: Option<String>,
    /// The issuer that Google is.
    #[arg(long, env = "LYCEUM_GOOGLE_ISSUER", default_value = GOOGLE)]
    pub google_issuer: String,
    /// The client id at `LinkedIn`; with it and the secret people sign in by `LinkedIn`.
    #[arg(long, env = "LYCEUM_LINKEDIN_CLIENT_ID")]
    pub linkedin_client_id: Option<String>,
    /// The client secret at `LinkedIn`.
    #[arg(long, env = "LYCEUM_LINKEDIN_CLIENT_SECRET", hide_env_values = true)]
    pub linkedin_client_secret: Option<String>,
    /// The issuer that `LinkedIn` is.
    #[arg(long, env = "LYCEUM_LINKEDIN_ISSUER", default_value = LINKEDIN)]
    pub linkedin_issuer: String,
    /// The app id at Facebook; with it and the secret people sign in by Facebook.
    #[arg(long, env = "LYCEUM_FACEBOOK_CLIENT_ID")]
    pub facebook_client_id: Option<String>,
    /// The app secret at Facebook.
    #[arg(long, env = "LYCEUM_FACEBOOK_CLIENT_SECRET", hide_env_values = true)]
    pub facebook_client_secret: Option<String>,
    /// Facebook's page that asks people for their consent.
    #[arg(long, env = "LYCEUM_FACEBOOK_DIALOG_URL", default_value = FACEBOOK_DIALOG)]
    pub facebook_dialog_url: String,
    /// Facebook's Graph API, with its version.
    #[arg(long, env = "LYCEUM_FACEBOOK_GRAPH_URL", default_value = FACEBOOK_GRAPH)]
    pub facebook_graph_url: String,
}

const GOOGLE: &str = "https://accounts.google.com";
const LINKEDIN: &str = "https://www.linkedin.com/oauth";
const FACEBOOK_DIALOG: &str = "https://www.facebook.com/v23.0/dialog/oauth";
const FACEBOOK_GRAPH: &str = "https://graph.facebook.com/v23.0";

impl Default for SignInConfig {
    fn default() -> Self {
        Self {
            public_url: None,
            google_client_id: None,
            google_client_secret: None,
            google_issuer: GOOGLE.to_owned(),
            linkedin_client_id: None,
            linkedin_client_secret: None,
            linkedin_issuer: LINKEDIN.to_owned(),
            facebook_client_id: None,
            facebook_client_secret: None,
            facebook_dialog_url: FACEBOOK_DIALOG.to_owned(),
            facebook_graph_url: FACEBOOK_GRAPH.to_owned(),
        }
    }
}
