//! Where the files that people upload are kept, and how many there may be.

use clap::Args;
use std::path::PathBuf;

/// Where the files that people upload are kept, and how many there may be.
#[derive(Args, Clone, Debug)]
pub struct FilesConfig {
    /// The folder that files lie in, which this server hands out itself. Several nodes share one folder. A development server keeps
    /// them in its data folder.
    #[arg(long, env = "LYCEUM_FILES_DIR")]
    pub files_dir: Option<PathBuf>,
    /// The bucket of an S3-compatible store that files lie in instead; browsers then load them from there. What is half uploaded
    /// there is the bucket's own lifecycle rules to remove.
    #[arg(long, env = "LYCEUM_S3_BUCKET")]
    pub s3_bucket: Option<String>,
    /// The bucket's region.
    #[arg(long, env = "LYCEUM_S3_REGION", default_value = "us-east-1")]
    pub s3_region: String,
    /// Where the store is reached, such as `https://storage.example`; Amazon's where it is left out.
    #[arg(long, env = "LYCEUM_S3_ENDPOINT")]
    pub s3_endpoint: Option<String>,
    /// The key id that opens the bucket.
    #[arg(long, env = "LYCEUM_S3_ACCESS_KEY_ID", hide_env_values = true)]
    pub s3_access_key_id: Option<String>,
    /// The secret of that key.
    #[arg(long, env = "LYCEUM_S3_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub s3_secret_access_key: Option<String>,
    /// Bytes of one file at most, up to 2147483647.
    #[arg(long, env = "LYCEUM_FILE_BYTES", default_value_t = FILE_BYTES)]
    pub file_bytes: i32,
    /// Bytes of all files of an organisation at most.
    #[arg(long, env = "LYCEUM_ORGANIZATION_FILE_BYTES", default_value_t = ORGANIZATION_FILE_BYTES)]
    pub organization_file_bytes: i64,
}

const FILE_BYTES: i32 = 536_870_912;
const ORGANIZATION_FILE_BYTES: i64 = 10_737_418_240;

impl Default for FilesConfig {
    fn default() -> Self {
        Self {
            files_dir: None,
            s3_bucket: None,
            s3_region: "us-east-1".to_owned(),
            s3_endpoint: None,
            s3_access_key_id: None,
            s3_secret_access_key: None,
            file_bytes: FILE_BYTES,
            organization_file_bytes: ORGANIZATION_FILE_BYTES,
        }
    }
}
