//! Other formats, read into what a course is made of.

pub mod course;
pub mod mdbook;
