//! Signing in by a provider: from the page that begins it, through the browser and the provider, back to the page.
//!
//! Each step takes a secret that only one party has, is done once, and within ten minutes: [`attempt`]. What the browser does
//! is in [`journey`], what comes of it for anybody's account in [`social`]; of organisations' own providers knows
//! [`sso`](super::sso). Table: `provider_sign_ins`.

pub mod attempt;
pub mod journey;
pub mod social;
