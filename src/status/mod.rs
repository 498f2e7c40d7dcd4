//! Status of Modules in a cluster, from the objects that `oc get -o json` prints.
//!
//! ```text
//! texts -> ClusterObjects -> StatusReport -> text, JSON, Markdown, HTML
//!      read             evaluate        formats
//! ```
//!
//! Of each object only the fields that the report needs are kept: environments of Pods and texts of ConfigMaps are
//! never stored.

mod cause;
mod cluster;
mod evaluate;
pub mod formats;
mod image;
mod missing;
mod node;
mod planned;
mod pods;
mod read;
mod report;
mod selection;

pub use cluster::ClusterObjects;
pub use evaluate::evaluate;
pub use planned::PlannedImages;
pub use read::{InputFault, InputProblem};
pub use report::StatusReport;
