//! Reviews: what learners say of a course, with one to five stars. Everybody who sees the course as a member reads them, but for those
//! that its staff hides, with a reason. Table: `course_reviews`.

pub mod lists;
pub mod model;
pub mod write;

pub use model::CourseReview;
