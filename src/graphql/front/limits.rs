//! The bounds of a document, each a documented setting.

use clap::Args;

/// What one GraphQL document, and one operation of it, may ask for.
///
/// Whatever exceeds a bound is refused with `LIMIT_EXCEEDED`, the name of the bound, what was asked and what
/// is allowed. Counts named "expanded" follow every fragment spread, so a fragment counts as often as it is
/// used.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Limits of a GraphQL document")]
pub struct DocumentLimits {
    /// Length of a document in bytes.
    #[arg(
        long = "limit-document-bytes",
        env = "LYCEUM_LIMIT_DOCUMENT_BYTES",
        value_name = "BYTES"
    )]
    #[arg(default_value_t = Self::DEFAULT.document_bytes)]
    pub document_bytes: usize,

    /// Lexical tokens in a document; commas, comments and white space do not count.
    #[arg(long = "limit-tokens", env = "LYCEUM_LIMIT_TOKENS", value_name = "COUNT")]
    #[arg(default_value_t = Self::DEFAULT.tokens)]
    pub tokens: usize,

    /// Nesting of brackets of any kind, and of expanded selection sets.
    #[arg(long = "limit-nesting", env = "LYCEUM_LIMIT_NESTING", value_name = "LEVELS")]
    #[arg(default_value_t = Self::DEFAULT.nesting)]
    pub nesting: usize,

    /// Depth of fields, expanded, outside introspection.
    #[arg(long = "limit-depth", env = "LYCEUM_LIMIT_DEPTH", value_name = "LEVELS")]
    #[arg(default_value_t = Self::DEFAULT.depth)]
    pub depth: usize,

    /// Depth of fields, expanded, below `__schema` and `__type`.
    #[arg(
        long = "limit-introspection-depth",
        env = "LYCEUM_LIMIT_INTROSPECTION_DEPTH",
        value_name = "LEVELS"
    )]
    #[arg(default_value_t = Self::DEFAULT.introspection_depth)]
    pub introspection_depth: usize,

    /// Aliases in an operation that selects `__schema` or `__type`, expanded.
    #[arg(
        long = "limit-introspection-aliases",
        env = "LYCEUM_LIMIT_INTROSPECTION_ALIASES",
        value_name = "COUNT"
    )]
    #[arg(default_value_t = Self::DEFAULT.introspection_aliases)]
    pub introspection_aliases: usize,

    /// Aliases in an operation, expanded.
    #[arg(long = "limit-aliases", env = "LYCEUM_LIMIT_ALIASES", value_name = "COUNT")]
    #[arg(default_value_t = Self::DEFAULT.aliases)]
    pub aliases: usize,

    /// Directives in an operation, expanded, in every place that takes one.
    #[arg(
        long = "limit-directives",
        env = "LYCEUM_LIMIT_DIRECTIVES",
        value_name = "COUNT"
    )]
    #[arg(default_value_t = Self::DEFAULT.directives)]
    pub directives: usize,

    /// Root fields of a query, expanded.
    #[arg(
        long = "limit-root-fields",
        env = "LYCEUM_LIMIT_ROOT_FIELDS",
        value_name = "COUNT"
    )]
    #[arg(default_value_t = Self::DEFAULT.root_fields)]
    pub root_fields: usize,

    /// Root fields of a mutation, expanded.
    #[arg(
        long = "limit-mutation-fields",
        env = "LYCEUM_LIMIT_MUTATION_FIELDS",
        value_name = "COUNT"
    )]
    #[arg(default_value_t = Self::DEFAULT.mutation_fields)]
    pub mutation_fields: usize,

    /// Fragment definitions in a document.
    #[arg(
        long = "limit-fragments",
        env = "LYCEUM_LIMIT_FRAGMENTS",
        value_name = "COUNT"
    )]
    #[arg(default_value_t = Self::DEFAULT.fragments)]
    pub fragments: usize,

    /// Selections of an operation (fields, spreads and inline fragments), expanded.
    #[arg(long = "limit-nodes", env = "LYCEUM_LIMIT_NODES", value_name = "COUNT")]
    #[arg(default_value_t = Self::DEFAULT.nodes)]
    pub nodes: usize,

    /// Operations in a document, of which one is executed.
    #[arg(
        long = "limit-operations",
        env = "LYCEUM_LIMIT_OPERATIONS",
        value_name = "COUNT"
    )]
    #[arg(default_value_t = Self::DEFAULT.operations)]
    pub operations: usize,

    /// Estimated cost of one operation.
    #[arg(long = "limit-cost", env = "LYCEUM_LIMIT_COST", value_name = "POINTS")]
    #[arg(default_value_t = Self::DEFAULT.cost)]
    pub cost: u64,

    /// Nesting of lists and objects in the variables.
    #[arg(
        long = "limit-variable-nesting",
        env = "LYCEUM_LIMIT_VARIABLE_NESTING",
        value_name = "LEVELS"
    )]
    #[arg(default_value_t = Self::DEFAULT.variable_nesting)]
    pub variable_nesting: usize,

    /// Rows of one page, and ids of one `ids` argument.
    #[arg(long = "limit-page-size", env = "LYCEUM_LIMIT_PAGE_SIZE", value_name = "ROWS")]
    #[arg(default_value_t = Self::DEFAULT.page_size)]
    pub page_size: u32,

    /// Rows of one page when neither `first` nor `last` is given.
    #[arg(
        long = "default-page-size",
        env = "LYCEUM_DEFAULT_PAGE_SIZE",
        value_name = "ROWS"
    )]
    #[arg(default_value_t = Self::DEFAULT.default_page_size)]
    pub default_page_size: u32,

    /// Memory for prepared documents, in bytes (estimated).
    #[arg(
        long = "document-cache-bytes",
        env = "LYCEUM_DOCUMENT_CACHE_BYTES",
        value_name = "BYTES"
    )]
    #[arg(default_value_t = Self::DEFAULT.cache_bytes)]
    pub cache_bytes: u64,
}

impl DocumentLimits {
    /// The bounds that hold when nothing is configured.
    pub const DEFAULT: Self = Self {
        document_bytes: 100_000,
        tokens: 2_000,
        nesting: 40,
        depth: 12,
        introspection_depth: 20,
        introspection_aliases: 5,
        aliases: 30,
        directives: 50,
        root_fields: 20,
        mutation_fields: 5,
        fragments: 40,
        nodes: 2_000,
        operations: 10,
        cost: 50_000,
        variable_nesting: 40,
        page_size: 100,
        default_page_size: 20,
        cache_bytes: 64 * 1024 * 1024,
    };
}

impl Default for DocumentLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{FromArgMatches, Parser};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        limits: DocumentLimits,
    }

    #[test]
    fn an_empty_command_line_gives_the_defaults() {
        assert_eq!(Command::parse_from(["test"]).limits, DocumentLimits::default());
    }

    #[test]
    fn every_limit_can_be_set_and_is_described() {
        let command = DocumentLimits::augment_args(clap::Command::new("test"));
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} has no help", argument.get_id());
            assert!(
                argument.get_env().is_some(),
                "{} has no variable",
                argument.get_id()
            );
        }
        let matches = command.get_matches_from(["test", "--limit-depth", "7"]);
        assert_eq!(
            DocumentLimits::from_arg_matches(&matches).expect("valid").depth,
            7
        );
    }
}
