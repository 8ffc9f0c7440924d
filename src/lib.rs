//! Lyceum, the headless academy.
