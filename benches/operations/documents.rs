//! What clients ask in the benchmarks. The tests hold it against the schema.

pub const VIEWER: &str = "{ viewer { __typename } }";
pub const CATALOG: &str = "query($org: ID!) { catalog(filter: {organization: $org}, first: 20) { pageInfo { hasNextPage endCursor } \
    nodes { id slug title summary unitCount publishedAt } } }";
pub const SEARCH: &str = "query($org: ID!, $words: String!) { search(query: $words, organization: $org) { ... on CourseHit { excerpt course { id title } } \
    ... on UnitHit { excerpt unit { id title } course { id title } } ... on PathHit { excerpt path { id title } } } }";
pub const OUTLINE: &str = "query($id: ID!) { course(id: $id) { id title summary unitCount modules { id title units { id title } } } }";
pub const DASHBOARD: &str = "{ viewer { enrollments(first: 10) { nodes { id state enrolledAt progress { unitsCompleted unitCount percent } \
    course { id title } nextUnit { id title } certificate { id issuedAt } } } } }";
pub const MEMBERS: &str = "query($org: ID!) { organization(id: $org) { members(first: 50) { pageInfo { hasNextPage endCursor } nodes { id name email \
    role { name } enrollments(first: 5) { nodes { id state progress { percent } course { title } } } \
    certificates(first: 5) { nodes { id courseTitle issuedAt } } } } } }";
pub const VERIFY: &str = "query($code: String!) { verifyCertificate(code: $code) { state holderName courseTitle organizationName issuedAt } }";
pub const PROGRESS: &str = "mutation($input: ProgressRecordInput!) { progressRecord(input: $input) { recorded userErrors { code } } }";
pub const START: &str = "mutation($input: AttemptStartInput!) { attemptStart(input: $input) { attempt { id state items { questionId text } } userErrors { code } } }";
pub const SAVE: &str = "mutation($input: AttemptAnswerSaveInput!) { attemptAnswerSave(input: $input) { answer { version } userErrors { code } } }";
pub const SUBMIT: &str = "mutation($id: ID!) { attemptSubmit(input: {attemptId: $id}) { attempt { id state points isPassed } userErrors { code } } }";
pub const PUBLISH: &str = "mutation($id: ID!) { coursePublish(input: {id: $id}) { course { id unitCount } userErrors { code message } } }";
pub const QUEUE: &str = "query($id: ID!) { course(id: $id) { gradingQueue(first: 100) { totalCount nodes { id submittedAt \
    member { name } } } } }";
pub const CLASS_LIST: &str = "query($id: ID!) { course(id: $id) { enrollments(first: 100) { totalCount nodes { id state member { name } } } } }";
pub const MEMBER_LIST: &str =
    "query($org: ID!) { organization(id: $org) { members(first: 100) { totalCount nodes { id name } } } }";
pub const BANK_LIST: &str = "query($org: ID!) { questionBanks(filter: {organization: $org}, first: 1) { nodes { \
    questions(first: 100) { totalCount nodes { id tags } } } } }";
pub const REGRADE: &str = "mutation($input: QuizRegradeInput!) { quizRegrade(input: $input) { \
    regrade { attemptCount changedCount newlyPassedCount } userErrors { code message } } }";
